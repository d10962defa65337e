/* SPDX-License-Identifier: ISC
 *
 * endpoint.h - one server as one worker reaches it: its UDP sockets and its TCP connection.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   belongs to the exchanger; holds a count of the server; freed when it is idle
 * Units    ms
 */
#pragma once

#include <split53/wheel.h>

#include "udp.h"

#define S53_IDLE_MS 10000 /* until an idle socket or connection is closed (RFC 7766 s6.2.3) */

struct s53_stream;

struct s53_endpoint {
	struct s53_link link; /* in its bucket of the exchanger */
	struct s53_exchanger *exchanger;
	struct s53_upstream *upstream; /* one count */
	unsigned exchange_count; /* active ones */
	unsigned flow_count; /* open ones, with those that are retired */
	struct s53_pool pool;
	struct s53_stream *stream; /* the connection that accepts exchanges, or NULL */
	/* connections with one query each: lone.c */
	unsigned lone_count;
	bool lone_sending; /* s53_lone_leave() is at work */
	struct s53_link lone_waiting; /* exchanges, while S53_LONE_MAX are open */
	uint64_t lone_until_ms; /* until then each query gets its own; 0: they share one */
	uint64_t lone_sent_at_ms; /* the latest query on one that was answered; 0: none */
	struct s53_timer idle;
	bool near; /* the server is on loopback: no other host can forge its responses */
	bool source_warned; /* the log says that this host does not have the source address */
};

/* The endpoint for `upstream`; made if there is none. NULL: out of memory. */
struct s53_endpoint *s53_endpoint_get(
    struct s53_exchanger *exchanger, struct s53_upstream *upstream);
/* No exchange may be active. */
void s53_endpoint_free(struct s53_endpoint *endpoint);
/* Start the timer that closes what becomes idle. */
void s53_endpoint_watch(struct s53_endpoint *endpoint, uint64_t now_ms);
/*
 * May it open one more UDP socket? The endpoints that are not near share the exchanger's far
 * sockets evenly; when all of these are open, an idle one of an endpoint above its share is closed
 * for one below it.
 */
bool s53_endpoint_may_open(const struct s53_endpoint *endpoint);
/* s53_transport_socket(); logs once if this host does not have the source address. -1: errno. */
int s53_endpoint_socket(struct s53_endpoint *endpoint, int type);
