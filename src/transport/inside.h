/* SPDX-License-Identifier: ISC
 *
 * inside.h - what the files of an exchanger share.
 *
 * Layer    transport, private to exchange.c, overhear.c, notes.c, endpoint.c, flow.c, pool.c, udp.c
 *          and stream.c
 * Threads  one worker's
 *
 *   exchanger    one a worker: timers, IDs, spare objects
 *     endpoint       one a server: its sockets and its connection as this worker sees them
 *       flow  a UDP socket or a TCP connection: IDs are unique on it
 *         exchange
 *
 * Two rules keep callbacks safe. An exchange ends through s53_exchange_finish() alone, and that is
 * called from the loop alone: a failure found elsewhere is put aside with s53_exchange_fail() and
 * told at the end of the loop's turn. And a flow is closed only when nobody holds it, so that
 * a loop over its replies outlives whatever done() starts and cancels.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>

#include <split53/exchange.h>
#include <split53/header.h>
#include <split53/list.h>
#include <split53/transport.h>
#include <split53/wheel.h>

#define S53_BATCH 32 /* datagrams of one recvmmsg() or sendmmsg() */
#define S53_UDP_QUESTION_MAX 512 /* RFC 1035 s4.2.1; a longer question goes over TCP */
#define S53_IDLE_MS 10000 /* a socket or connection without work is closed (RFC 7766 s6.2.3) */
#define S53_ID_BUCKETS 4096
#define S53_FLOW_MAX 16384 /* exchanges on one flow: an ID is then found in 1.3 draws */
#define S53_LATE_REPLIES_MAX 4096 /* cancelled exchanges that are listened for */

struct s53_endpoint;
struct s53_stream;

struct s53_flow {
	struct s53_endpoint *endpoint;
	struct s53_link waiting; /* its exchanges */
	unsigned count; /* of them */
	unsigned holds; /* loops that use it now */
	uint32_t salt; /* spreads its IDs over the exchanger's buckets */
	bool retired; /* takes no more exchanges, closed when the last has left */
	uint64_t opened_ms, used_ms;
	void (*close)(struct s53_flow *flow); /* frees it; no exchange is left */
};

struct s53_exchange {
	struct s53_link link; /* flow->waiting, exchanger->failed or ->spare */
	struct s53_link queued; /* socket->queue until it has left; exchanger->overheard */
	struct s53_exchange *next; /* of the same bucket of IDs */
	struct s53_exchange **back;
	struct s53_timer timer; /* late, then the end */
	struct s53_exchanger *exchanger;
	struct s53_endpoint *endpoint;
	struct s53_flow *flow; /* or NULL */
	struct s53_exchange_ask ask;
	uint16_t id;
	bool used; /* false: spare */
	bool on_tcp;
	bool overdue_observed; /* or is not to be noted */
	bool hurried; /* overdue() comes sooner than it is late */
	bool garbled; /* something came that was no answer */
	bool lives; /* an answer came, in other letter case */
	bool overheard; /* cancelled, but listened for */
	bool given_up; /* overheard, and noted as lost */
	uint8_t retries; /* connections that closed under it */
	uint16_t question_len; /* of the question section, while overheard */
	enum s53_exchange_end end; /* why it failed, while put aside */
	uint64_t overdue_ms; /* when overdue() is due; 0: it is not */
	uint64_t end_ms; /* when waiting, or listening, ends */
	uint64_t sent_ms;
	uint64_t question_hash; /* while overheard: the octets are the caller's, and gone */
};

struct s53_socket {
	struct s53_flow flow;
	struct s53_link queue; /* exchanges whose datagrams wait to leave */
	struct s53_link dirty; /* exchanger->dirty while there is a queue, else its own */
	struct s53_link spare; /* exchanger->spare_sockets */
	unsigned uses;
	unsigned place; /* in pool->sockets, while not retired */
	bool blocked; /* the kernel's buffer is full: `writable` waits */
	int fd;
	struct event readable, writable;
};

struct s53_pool {
	struct s53_socket **sockets; /* `cap` places, `count` used */
	unsigned cap, count;
	struct s53_socket *current; /* takes the batch that is being built (loopback only) */
	unsigned current_room; /* datagrams that it still takes */
};

struct s53_endpoint {
	struct s53_link link; /* its bucket of the exchanger */
	struct s53_exchanger *exchanger;
	struct s53_upstream *upstream; /* one count */
	unsigned exchanges; /* under way */
	unsigned flows; /* open, retired ones too */
	struct s53_pool pool;
	struct s53_stream *stream; /* the connection that takes exchanges, or NULL */
	struct s53_timer idle;
	bool warned; /* of a source address that we do not have */
};

#define S53_ENDPOINT_BUCKETS 64

struct s53_batch; /* buffers and headers of recvmmsg() and sendmmsg(): udp.c */

struct s53_exchanger {
	struct event_base *base;
	struct s53_counters *counters;
	unsigned pending;
	struct s53_wheel wheel;
	struct s53_timer pulse; /* while anything is under way: shows that the loop turns */
	struct event deferred; /* flush and tell failures, at the end of the loop's turn */
	bool deferred_active;
	struct s53_link dirty; /* sockets with a queue */
	struct s53_link failed; /* exchanges put aside */
	struct s53_link overheard; /* exchanges, by `queued` */
	unsigned late_reply_count;
	struct s53_link spare; /* exchanges */
	unsigned spare_count;
	struct s53_link spare_sockets;
	unsigned spare_socket_count;
	struct s53_batch *batch; /* NULL until the first socket */
	struct s53_link endpoints[S53_ENDPOINT_BUCKETS];
	struct s53_exchange *ids[S53_ID_BUCKETS];
};

/* exchange.c */

/* A message came over `flow`: find whose it is, check it, end the exchange or go on to TCP. */
void s53_exchange_reply(struct s53_flow *flow, uint8_t *octets, size_t len, uint64_t now_ms);
/* Tell the caller. From the loop only. `octets` is NULL but for ANSWERED. */
void s53_exchange_finish(
    struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets, size_t len);
/*
 * Off its flow; done() is called at the end of the loop's turn. From anywhere. The caller notes
 * what it shows of the server. One that is overheard is gone.
 */
void s53_exchange_fail(struct s53_exchange *exchange, enum s53_exchange_end end);
/* Out of all that counts it as under way; it may still be on its flow. */
void s53_exchange_settle(struct s53_exchange *exchange);
/* Have its timer fire when it is late, or else at its end. */
void s53_exchange_arm(struct s53_exchange *exchange, uint64_t now_ms);
/* Nothing knows it any more: keep the object for another. */
void s53_exchange_recycle(struct s53_exchange *exchange);
/* Have the flush and the failures looked after at the end of the loop's turn. */
void s53_exchanger_defer(struct s53_exchanger *exchanger);

/* UDP sockets that a endpoint made now may have. */
unsigned s53_exchanger_sockets_max(void);

/* overhear.c */

/* Go on to listen for an exchange that is cancelled. false: not worth it, or too many. */
bool s53_late_reply_await(struct s53_exchange *exchange);
/* Has this reply the exchange's question, but in other letter case? */
bool s53_late_reply_other_case(
    const struct s53_exchange *exchange, const uint8_t *octets, size_t len);
/* A message with its ID came over its flow. */
void s53_late_reply_take(
    struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint64_t now_ms);
/* Listen no longer; nothing is noted. */
void s53_late_reply_forget(struct s53_exchange *exchange);

/* notes.c: all that the exchanger has to say of a server */

/* A sign that this exchange gave, unless we stood still while it was under way. */
void s53_exchange_observe(
    const struct s53_exchange *exchange, enum s53_observed event, uint64_t now_ms);
/* Waited for in vain, if it was. */
void s53_exchange_observe_timeout(const struct s53_exchange *exchange, uint64_t now_ms);
/* It is late: once an exchange, counted as well. */
void s53_exchange_observe_overdue(struct s53_exchange *exchange, uint64_t now_ms);
/*
 * Record `event` of a socket or connection of the endpoint that was last used at `used_ms`: once
 * for all exchanges on it, and also when no exchange is left.
 */
void s53_endpoint_observe(struct s53_endpoint *endpoint, enum s53_protocol over,
    enum s53_observed event, uint64_t used_ms);
/* The same for a failure; nothing is noted of one that is ours. */
void s53_endpoint_observe_end(struct s53_endpoint *endpoint, enum s53_protocol over,
    enum s53_exchange_end end, uint64_t used_ms);

/* endpoint.c */

/* The endpoint to `upstream`, made when there is none. NULL: no memory. */
struct s53_endpoint *s53_endpoint_get(
    struct s53_exchanger *exchanger, struct s53_upstream *upstream);
/* Close what is idle, whatever waits; the exchanger ends. */
void s53_endpoint_free(struct s53_endpoint *endpoint);
/* See to it that what becomes idle on this endpoint is closed in time. */
void s53_endpoint_watch(struct s53_endpoint *endpoint, uint64_t now_ms);
/* s53_transport_socket(); logs once when the source address is not one of this machine. */
int s53_endpoint_socket(struct s53_endpoint *endpoint, int type);

/* flow.c */

void s53_flow_init(struct s53_flow *flow, struct s53_endpoint *endpoint, uint64_t now_ms);
/* Give `exchange` an ID of its own on `flow`. The flow has room (S53_FLOW_MAX). */
void s53_flow_take(struct s53_flow *flow, struct s53_exchange *exchange);
/* Take it off, wherever it is. May close the flow. Harmless when it is on none. */
void s53_flow_leave(struct s53_exchange *exchange);
struct s53_exchange *s53_flow_find(const struct s53_flow *flow, uint16_t id);
void s53_flow_hold(struct s53_flow *flow);
void s53_flow_release(struct s53_flow *flow); /* may close it */
/* No more exchanges; closed now or when it is empty. */
void s53_flow_retire(struct s53_flow *flow);

/* pool.c */

/*
 * The socket for the next datagram of this endpoint, or NULL: *end says why. Uses an open socket
 * again when no new one can be opened.
 */
struct s53_socket *s53_pool_pick(
    struct s53_endpoint *endpoint, uint64_t now_ms, enum s53_exchange_end *end);
/* Take it out of the pool: it gets no more exchanges. */
void s53_pool_retire(struct s53_socket *socket);
/* Retire all that have had nothing to do since `before_ms`. */
void s53_pool_sweep(struct s53_pool *pool, uint64_t before_ms);

/* udp.c */

/* Queue its question; it leaves with the next flush. */
void s53_udp_send(struct s53_exchange *exchange, uint64_t now_ms);
void s53_udp_flush(struct s53_exchanger *exchanger);
/* libevent's callbacks of a socket. */
void s53_udp_on_readable(evutil_socket_t fd, short what, void *arg);
void s53_udp_on_writable(evutil_socket_t fd, short what, void *arg);
struct s53_batch *s53_batch_new(void);
void s53_batch_free(struct s53_batch *batch);

/* stream.c */

/* Write its question to the endpoint's connection, opened when there is none. */
void s53_stream_send(struct s53_exchange *exchange, uint64_t now_ms);
/* An exchange on this connection timed out: when the connection is silent, give it up. */
void s53_stream_doubt(struct s53_flow *flow, uint64_t sent_ms);
/* Close the endpoint's connection when it is empty and had nothing to do since `before_ms`. */
void s53_stream_sweep(struct s53_endpoint *endpoint, uint64_t before_ms);
