/* SPDX-License-Identifier: ISC
 *
 * floor.h - what each floor program adds to floor.c.
 */
#pragma once

#include "net.h"

/* Returns its socket, bound to the endpoint; -1: the address is in use. */
int floor_open(struct bench_endpoint *endpoint);

/* Serve for ever. `upstream` is NULL if none was given. */
_Noreturn void floor_run(int fd, const struct bench_endpoint *upstream);
