/* SPDX-License-Identifier: ISC
 *
 * listen.h - the sockets that clients reach us by.
 *
 * Layer    listen
 * Threads  open() and probe() in the main thread (before privileges are dropped); new() before the
 *          worker's loop runs or in the worker; everything else in the worker that owns `base`
 * Memory   a listener owns its descriptor and connections, and frees itself after close() when the
 *          last client has been answered or dropped. A client's room() is valid until the next
 *          room() of any client in that worker: write one reply at a time
 * Units    ms, octets
 * Sources  RFC 7766 (TCP), RFC 7828 (keepalive), RFC 1035 s4.2
 */
#pragma once

#include <split53/addr.h>
#include <split53/resolver.h>

struct event_base;
struct s53_udp_listener;
struct s53_tcp_listener;

/*
 * A bound socket for `addr`: SO_REUSEPORT (so that each worker has one of its own), non-blocking,
 * close-on-exec, IPV6_V6ONLY, packet information on for a wildcard address, receive buffer
 * enlarged. For TCP it also listens (`backlog`: tcp-listen-queue).
 * S53_E_IO: errno says why; *fd untouched.
 */
S53_MUST_USE enum s53_status s53_socket_open(
    const struct s53_addr *addr, enum s53_transport kind, int backlog, int *fd);

/*
 * Could `addr` be bound by one program alone? SO_REUSEPORT lets two programs of one user share a
 * port in silence (a BIND still running, for one), so ask before the first open() of an address
 * that is not ours yet. S53_E_IO: errno says why not (EADDRINUSE: somebody is there).
 */
S53_MUST_USE enum s53_status s53_socket_probe(const struct s53_addr *addr, enum s53_transport kind);

/* Serve datagrams of `fd` (now the listener's) in `base`. NULL: no memory; fd is then closed. */
struct s53_udp_listener *s53_udp_listener_new(struct event_base *base, int fd,
    const struct s53_addr *local, struct s53_resolver *resolver, struct s53_counters *counters);

/*
 * Read what has arrived, stop reading, close when the last reply has gone (its pending queries
 * hold it). Needs no further turn of the loop once the resolver has ended its queries.
 */
void s53_udp_listener_close(struct s53_udp_listener *listener);

/* Limits of TCP, counted over all workers. Zeroed, then filled in; read at every use. */
struct s53_tcp_limits {
	_Atomic unsigned clients; /* open now */
	_Atomic unsigned clients_max; /* tcp-clients */
	_Atomic uint32_t initial_ms; /* tcp-initial-timeout */
	_Atomic uint32_t idle_ms; /* tcp-idle-timeout */
	_Atomic uint32_t keepalive_ms; /* tcp-keepalive-timeout, for those that asked (RFC 7828) */
	struct s53_tcp_pool *pools; /* listen's own: what each worker has open */
};

/* NULL: no memory or descriptors; fd is then closed. `limits` outlives the listener. */
struct s53_tcp_listener *s53_tcp_listener_new(struct event_base *base, int fd,
    const struct s53_addr *local, struct s53_resolver *resolver, struct s53_counters *counters,
    struct s53_tcp_limits *limits);

/* Stop accepting; connections finish what they have under way, then close. */
void s53_tcp_listener_close(struct s53_tcp_listener *listener);

/*
 * Before the resolver of `base` is freed: nothing that its connections have sent and that was not
 * taken yet ever reaches the resolver. What is under way is still answered, then they close. After
 * the close() of its listeners, those of UDP too: none of them takes anything after this.
 */
void s53_tcp_take_no_more(struct s53_tcp_limits *limits, struct event_base *base);

/*
 * The end of a worker: cut the connections that are still open in `base` (slow readers). After the
 * close() of its TCP listeners; what the resolver still holds is freed when it drops it.
 */
void s53_tcp_abandon(struct s53_tcp_limits *limits, struct event_base *base);
