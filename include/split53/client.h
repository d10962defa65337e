/* SPDX-License-Identifier: ISC
 *
 * client.h - the client of a query, and how its response is sent.
 *
 * Layer    resolve: listen fills in the operations, so that resolve sends without a call upward
 * Threads  the worker's own
 * Memory   a plain value, moved with the query from the stack to a pending query. `transport` is
 *          the listener's: a UDP socket object, or a TCP connection of which the client owns one
 *          count until send() or drop() is called, which happens exactly once
 * Units    bytes
 */
#pragma once

#include <stdbool.h>

#include <split53/addr.h>

enum s53_transport { S53_UDP, S53_TCP };

struct s53_client;

struct s53_client_ops {
	/*
	 * A buffer of at least `cap` bytes for the response, valid until the next room() of the
	 * same worker, send() or drop(). NULL: no memory; then drop() follows.
	 */
	uint8_t *(*room)(struct s53_client *client, size_t cap);
	/* Send the first `len` bytes of that buffer. The client is used up. */
	void (*send)(struct s53_client *client, size_t len);
	/* The query gets no response. The client is used up. */
	void (*drop)(struct s53_client *client);
};

struct s53_client {
	const struct s53_client_ops *ops;
	void *transport;
	enum s53_transport kind;
	struct s53_addr addr; /* to which the response is sent */
	struct s53_addr local; /* the local address and port at which the query arrived */
	uint32_t interface; /* index for the response's PKTINFO, 0: any */
	bool keepalive; /* set by resolve before send(): the query had RFC 7828's option */
};
