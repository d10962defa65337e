/* SPDX-License-Identifier: ISC
 *
 * floor.h - what each floor program adds to floor.c.
 */
#pragma once

#include "net.h"

/* Its socket, bound to the endpoint; -1: the address is taken. */
int floor_open(struct bench_endpoint *endpoint);

/* Serve for ever. `upstream` is NULL when none was named. */
_Noreturn void floor_run(int fd, const struct bench_endpoint *upstream);
