/* SPDX-License-Identifier: ISC
 *
 * probe_socket.h - sockets for a probe's c-ares channel.
 *
 * Layer    upstream, private to inquiry.c
 * Threads  main thread
 * Memory   embedded by its owner, until the channel is closed
 *
 * c-ares 1.18 has no words for the interface of a server, and no version tells which error ended a
 * question: so it opens, binds and connects nothing by itself.
 */
#pragma once

#include <split53/upstream.h>

#include "channel.h"

struct s53_probe_socket {
	const struct s53_upstream *upstream;
	int error; /* the last one that was not just for a while; 0: none */
};

/* After its server was given: through these, c-ares knows no interfaces. */
void s53_probe_socket_use(struct s53_channel *channel, struct s53_probe_socket *sock);
