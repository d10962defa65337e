/* SPDX-License-Identifier: ISC
 *
 * client.h - who asked, and the way back.
 *
 * Layer    resolve: listen fills in the operations, so that replies leave without an upward call
 * Threads  the worker's own
 * Memory   a plain value, moved with the query from the stack to a pending query. `transport` is
 *          the listener's: a UDP socket object, or a TCP connection on which the client holds one
 *          count until send() or drop() is called, which happens exactly once
 * Units    octets
 */
#pragma once

#include <stdbool.h>

#include <split53/addr.h>

enum s53_transport { S53_UDP, S53_TCP };

struct s53_client;

struct s53_client_ops {
	/*
	 * A buffer of at least `cap` octets for the reply, valid until the next room() of the same
	 * worker, send() or drop(). NULL: none; then drop() follows.
	 */
	uint8_t *(*room)(struct s53_client *client, size_t cap);
	/* Send the first `len` octets of that buffer. The client is used up. */
	void (*send)(struct s53_client *client, size_t len);
	/* The query ends in silence. The client is used up. */
	void (*drop)(struct s53_client *client);
};

struct s53_client {
	const struct s53_client_ops *ops;
	void *transport;
	enum s53_transport kind;
	struct s53_addr addr; /* whom to answer */
	struct s53_addr local; /* the address of ours that was asked, with its port */
	uint32_t interface; /* index for the reply's PKTINFO, 0: any */
	bool keepalive; /* set by resolve before send(): the client asked for RFC 7828 */
};
