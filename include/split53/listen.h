/* SPDX-License-Identifier: ISC
 *
 * listen.h - the sockets that clients send their queries to.
 *
 * Layer    listen
 * Threads  open() and probe() in the main thread (before privileges are dropped); contexts are made
 *          in the main thread before any worker runs; all else in the worker that owns the context
 * Memory   a listener owns its descriptor and connections, and frees itself after close() when the
 *          last client has been answered or dropped. The buffer of a client's room() is valid until
 *          the next room() of any client in that worker: write one reply at a time
 * Units    ms, bytes
 * Sources  RFC 7766 (TCP), RFC 7828 (keepalive), RFC 1035 s4.2
 */
#pragma once

#include <split53/addr.h>
#include <split53/resolver.h>

struct event_base;
struct s53_busiest;
struct s53_listen_context;
struct s53_udp_listener;
struct s53_tcp_listener;

/*
 * Open a socket bound to `addr`: SO_REUSEPORT (each worker has one of its own), non-blocking,
 * close-on-exec, IPV6_V6ONLY, packet information on for a wildcard address, receive buffer
 * enlarged. For TCP it also listens (`backlog`: tcp-listen-queue).
 * S53_E_IO: errno says why; *fd untouched.
 */
S53_MUST_USE enum s53_status s53_socket_open(
    const struct s53_addr *addr, enum s53_transport kind, int backlog, int *fd);

/*
 * Can `addr` be bound without SO_REUSEPORT? With it, two programs of one user share a port without
 * an error (a BIND that still runs, for instance), so check before the first open() of an address.
 * S53_E_IO: errno says why not (EADDRINUSE: another program uses it).
 */
S53_MUST_USE enum s53_status s53_socket_probe(const struct s53_addr *addr, enum s53_transport kind);

/* The limits that are logged once a minute each. */
enum s53_tcp_limit {
	S53_TCP_LIMIT_UNREAD, /* a client does not read its responses */
	S53_TCP_LIMIT_SHARE, /* an address is over its share of tcp-clients */
	S53_TCP_LIMIT_IDLE, /* tcp-clients: an idle connection was closed */
	S53_TCP_LIMIT_WAITING, /* tcp-clients: a connection with a query under way was closed */
	S53_TCP_LIMIT_BACKLOG, /* tcp-clients: new clients wait */
	S53_TCP_LIMIT_OUTPUT, /* more responses wait for a client than are kept */
};
#define S53_TCP_LIMIT_COUNT 6

/* The TCP limits and what counts against them, shared by all workers. Begins zeroed. */
struct s53_tcp_limits {
	_Atomic unsigned clients; /* connections that are open now */
	_Atomic unsigned clients_most; /* that were ever open at once */
	_Atomic unsigned clients_max; /* tcp-clients; this and the next are read at each use */
	_Atomic uint32_t initial_ms; /* tcp-initial-timeout */
	_Atomic uint32_t idle_ms; /* tcp-idle-timeout */
	_Atomic uint32_t keepalive_ms; /* tcp-keepalive-timeout, for clients that use RFC 7828 */
	/* Used by listen only: */
	struct s53_tcp_worker *workers; /* one entry for each context */
	unsigned worker_count;
	_Atomic unsigned waiting; /* workers that do not accept, as tcp-clients are connected */
	_Atomic unsigned kept; /* connections that wait for a response and must not be evicted */
	struct s53_tcp_sources *sources; /* client addresses that have connections */
	_Atomic uint64_t logged_at_ms[S53_TCP_LIMIT_COUNT]; /* 0: never */
};

/* Free what listen has allocated in it, when all workers have ended. */
void s53_tcp_limits_fini(struct s53_tcp_limits *limits);

/*
 * What the listeners of one worker share: its loop, resolver and counters, the buffers of its UDP
 * sockets and its TCP connections. All four arguments outlive it. NULL: no memory.
 */
struct s53_listen_context *s53_listen_context_new(struct event_base *base,
    struct s53_resolver *resolver, struct s53_counters *counters, struct s53_tcp_limits *limits);

/*
 * Count every 64th query by name and by client from now on; what is counted in outlives the
 * context. Before the first listener.
 */
void s53_listen_context_sample(
    struct s53_listen_context *context, struct s53_busiest *names, struct s53_busiest *clients);

/*
 * At the end of the worker, when its listeners are closed, s53_tcp_abandon() is done and the
 * resolver has ended all queries; the resolver may already be freed. NULL is fine.
 */
void s53_listen_context_free(struct s53_listen_context *context);

/* Serve the datagrams of `fd`, which the listener owns. NULL: no memory; fd is then closed. */
struct s53_udp_listener *s53_udp_listener_new(
    struct s53_listen_context *context, int fd, const struct s53_addr *local);

/*
 * Read what has arrived, stop reading, and close when the last response has been sent (pending
 * queries keep the socket). Needs no further turn of the event loop once the resolver has ended its
 * queries.
 */
void s53_udp_listener_close(struct s53_udp_listener *listener);

/* Accept and serve connections of `fd`. NULL: no memory or descriptors; fd is then closed. */
struct s53_tcp_listener *s53_tcp_listener_new(
    struct s53_listen_context *context, int fd, const struct s53_addr *local);

/* Stop accepting; each connection is closed when its queries under way are answered. */
void s53_tcp_listener_close(struct s53_tcp_listener *listener);

/*
 * After the close() of all listeners, TCP and UDP, and before the resolver is freed: what the
 * connections have read but not handed over never reaches the resolver. Queries under way are still
 * answered, then the connections are closed.
 */
void s53_tcp_stop_reading(struct s53_listen_context *context);

/*
 * The end of a worker, after the close() of its TCP listeners: close the connections that are still
 * open because their clients do not read. A connection with queries under way is freed when the
 * resolver drops the last of them.
 */
void s53_tcp_abandon(struct s53_listen_context *context);
