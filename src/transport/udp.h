/* SPDX-License-Identifier: ISC
 *
 * udp.h - the UDP sockets of an endpoint, and datagrams in batches.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   sockets belong to their pool until they retire, then to their exchanges; closed ones are
 *          kept in the exchanger's spare list
 * Units    ms
 */
#pragma once

#include <event2/event_struct.h>

#include <split53/exchange.h>

#include "flow.h"

#define S53_BATCH 32 /* datagrams of one recvmmsg() or sendmmsg() */

struct s53_socket {
	struct s53_flow flow;
	struct s53_link unsent; /* exchanges with a query to be sent, by queue_link */
	struct s53_link unsent_link; /* in exchanger->unsent while `unsent` is not empty */
	struct s53_link spare; /* in exchanger->spare_sockets */
	unsigned uses; /* queries since it has this port */
	unsigned index; /* in pool->sockets, until it retires */
	bool blocked; /* the send buffer is full: `writable` is pending */
	int fd;
	struct event readable, writable;
};

struct s53_pool {
	struct s53_link link; /* in exchanger->far_pools while it has sockets; near: unused */
	struct s53_socket **sockets; /* the first `count` of `size` */
	unsigned count, size;
	unsigned cap; /* maximum of sockets, however many descriptors are free */
	struct s53_socket *current; /* of the batch that is being built (loopback only), or NULL */
	unsigned current_left; /* datagrams that the batch still has space for */
};

/* udp_socket.c */

/* NULL: errno. */
struct s53_socket *s53_udp_socket_open(struct s53_endpoint *endpoint, uint64_t now_ms);
/* Nothing is left to be read or handled: no datagram for its present port, and no error. */
bool s53_udp_socket_is_quiet(const struct s53_socket *socket);
/*
 * Have the kernel draw another port. The socket must be quiet and without exchanges. false:
 * retire it.
 */
bool s53_udp_socket_change_port(struct s53_socket *socket, uint64_t now_ms);

/* pool.c */

/*
 * s53_pool_pick(): the socket for the next query to this endpoint. An open socket is reused if no
 * new one can be opened. NULL: *end says why.
 */
/* A new socket of the pool, for one exchange that needs a port of its own. NULL: *end says why. */
struct s53_socket *s53_pool_open(
    struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end);
struct s53_socket *s53_pool_pick(
    struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end);
/* Remove it from the pool: it gets no more queries, and closes when it is empty. */
void s53_pool_retire(struct s53_socket *socket);
/* Retire the sockets without exchanges that were last used at `before_ms` or earlier. */
void s53_pool_sweep(struct s53_pool *pool, uint64_t before_ms);
/* Close a random idle one, for another endpoint. false: the one drawn is in use. */
bool s53_pool_give_one(struct s53_pool *pool);
void s53_pool_fini(struct s53_pool *pool); /* no exchange may be active */

/* udp.c */

/* Queue its query; the next flush sends it. */
void s53_udp_send(struct s53_exchange *exchange, uint64_t now_ms);
void s53_udp_flush(struct s53_exchanger *exchanger);
/* libevent's callbacks of a socket. */
void s53_udp_on_readable(evutil_socket_t fd, short what, void *arg);
void s53_udp_on_writable(evutil_socket_t fd, short what, void *arg);
/* The buffers and headers of recvmmsg() and sendmmsg(). NULL: out of memory. */
struct s53_batch *s53_batch_new(void);
void s53_batch_free(struct s53_batch *batch); /* NULL is fine */
