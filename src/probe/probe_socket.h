/* SPDX-License-Identifier: ISC
 *
 * probe_socket.h - sockets for a probe's c-ares channel.
 *
 * Layer    probe, private to probe_run.c
 * Threads  main thread
 * Memory   embedded in its owner, until the channel is closed
 *
 * c-ares is told that the server is 127.0.0.1, and all socket calls go through functions here,
 * which use the real address. So c-ares needs no syntax for interfaces (1.18 has none, 1.34.5 does
 * not find them), and the errno that ended a query is known, which no version of c-ares reports.
 */
#pragma once

#include <split53/upstream.h>

#include "channel.h"

struct s53_probe_socket {
	const struct s53_upstream *upstream;
	int error; /* the last errno that was not temporary; 0: none */
};

/* Give the channel these socket functions and its server. false: out of memory. */
bool s53_probe_socket_install(struct s53_channel *channel, struct s53_probe_socket *sock);
