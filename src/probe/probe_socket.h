/* SPDX-License-Identifier: ISC
 *
 * probe_socket.h - sockets for a probe's c-ares channel.
 *
 * Layer    probe, private to inquiry.c
 * Threads  main thread
 * Memory   embedded by its owner, until the channel is closed
 *
 * c-ares is told that the server is 127.0.0.1, and all that it does to a socket is done here, to
 * the true address. So it needs no words for interfaces (1.18 has none, those of 1.34.5 find no
 * interface), and we learn which error ended a question, which no version tells.
 */
#pragma once

#include <split53/upstream.h>

#include "channel.h"

struct s53_probe_socket {
	const struct s53_upstream *upstream;
	int error; /* the last one that was not just for a while; 0: none */
};

/* false: no memory. */
bool s53_probe_socket_use(struct s53_channel *channel, struct s53_probe_socket *sock);
