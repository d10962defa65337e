/* SPDX-License-Identifier: ISC
 *
 * exchanger.h - one worker's upstream exchanges: the structures of exchanges and their exchanger.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   finished exchanges are kept in the exchanger's spare list for the next ones
 * Units    ms; `_at_ms` is a point of time on s53_clock
 *
 *   exchanger       one per worker: timers, ID table, spare objects
 *     endpoint      one per server: the sockets and the connection of this worker to it
 *       flow        a UDP socket or a TCP connection; IDs are unique on it
 *         exchange  one query and its response
 *
 * Two rules keep callbacks safe. First, done() is called by s53_exchange_finish() alone, which is
 * called from the event loop alone: a failure that is found anywhere else goes to the list of
 * failed exchanges (s53_exchange_fail()) and is reported at the end of the loop's turn. Second, a
 * flow that is held (s53_flow_hold()) is not closed, so a loop over its replies survives all that
 * done() starts and cancels.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <split53/exchange.h>
#include <split53/header.h>
#include <split53/list.h>
#include <split53/wheel.h>

#define S53_UDP_QUERY_MAX 512 /* bytes, RFC 1035 s4.2.1; a longer query goes over TCP */
#define S53_ID_BUCKETS 4096
#define S53_ENDPOINT_BUCKETS 64

struct s53_batch;
struct s53_endpoint;
struct s53_flow;

struct s53_exchange {
	/* in flow->exchanges, endpoint->lone_waiting, exchanger->failed or ->spare */
	struct s53_link link;
	struct s53_link queue_link; /* in socket->unsent, or in exchanger->late_replies */
	struct s53_exchange *next; /* in the same bucket of the ID table */
	struct s53_exchange **back;
	struct s53_timer timer; /* overdue(), then the end */
	struct s53_exchanger *exchanger;
	struct s53_endpoint *endpoint;
	struct s53_flow *flow; /* NULL: on none, as it waits (lone.h) or has failed */
	struct s53_exchange_spec ask;
	uint16_t id;
	bool active; /* started, neither ended nor cancelled */
	bool on_tcp;
	bool lone; /* over TCP: on a connection of its own */
	bool failed; /* in exchanger->failed */
	bool overdue_observed; /* recorded, or not to be recorded */
	bool overdue_early; /* overdue() was moved to before the server is overdue */
	bool garbled; /* something arrived that is no response to the query */
	bool alive; /* a response with other letter case arrived */
	bool unproven; /* S53_VALIDITY_UNPROVEN: no timeout is recorded */
	bool awaits_late_reply; /* cancelled; see late_reply.h */
	bool timeout_recorded; /* while a late reply is awaited */
	uint8_t retries; /* connections that closed before the response */
	uint16_t question_len; /* of the question section, while a late reply is awaited */
	enum s53_exchange_end end; /* while in exchanger->failed: why */
	uint64_t overdue_at_ms; /* when overdue() is due; 0: never */
	uint64_t end_at_ms; /* when the exchange, or the wait for its late reply, times out */
	uint64_t sent_at_ms;
	uint64_t sent_at_ns; /* the same, for the histogram */
	uint64_t question_hash; /* while a late reply is awaited: ask.octets is invalid by then */
};

struct s53_exchanger {
	struct event_base *base;
	struct s53_counters *counters;
	unsigned pending; /* active exchanges */
	struct s53_wheel wheel;
	struct s53_timer pulse; /* see s53_exchanger_start_pulse() */
	struct event deferred; /* at the end of the loop's turn: flush, report failures */
	bool deferred_active;
	struct s53_link unsent; /* sockets with unsent queries */
	struct s53_link failed; /* exchanges with a failure to be reported */
	struct s53_link late_replies; /* exchanges that await one, by queue_link */
	unsigned late_reply_count;
	struct s53_link spare; /* exchanges */
	unsigned spare_count;
	struct s53_link spare_sockets;
	unsigned spare_socket_count;
	unsigned far_socket_count; /* open UDP sockets to servers that are not on loopback */
	unsigned far_sockets_max; /* of these */
	struct s53_link far_pools; /* those that have sockets */
	unsigned far_endpoint_count; /* endpoints that share them */
	struct s53_batch *batch; /* NULL until the first query over UDP */
	struct s53_link endpoints[S53_ENDPOINT_BUCKETS];
	struct s53_exchange *id_table[S53_ID_BUCKETS];
};

/* exchange.c */

/*
 * A message has arrived on `flow`: find its exchange, check it, then end the exchange or go on
 * over TCP. false: no exchange on `flow` has its ID.
 */
bool s53_exchange_reply(struct s53_flow *flow, uint8_t *octets, size_t len, uint64_t now_ms);
/* End it and call done(). From the loop only. `octets`: NULL unless ANSWERED. */
void s53_exchange_finish(
    struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets, size_t len);
/*
 * Take it off its flow; done() is called at the end of the loop's turn. From anywhere. The caller
 * records what the failure shows of the server. An exchange that awaits a late reply is freed.
 */
void s53_exchange_fail(struct s53_exchange *exchange, enum s53_exchange_end end);
/* Count it as active no longer. It may stay on its flow. */
void s53_exchange_deactivate(struct s53_exchange *exchange);
/* Set its timer to overdue_at_ms, or to end_at_ms when that is sooner. */
void s53_exchange_arm(struct s53_exchange *exchange, uint64_t now_ms);
/* Keep the object for another exchange; nothing may refer to it. */
void s53_exchange_recycle(struct s53_exchange *exchange);

/* exchanger.c */

/* Flush and report failures at the end of the loop's turn. */
void s53_exchanger_defer(struct s53_exchanger *exchanger);
/*
 * While an exchange is active or awaits a late reply, keep a timer that is due soon: the wheel
 * detects that this process was suspended by a timer that fires much too late.
 */
void s53_exchanger_start_pulse(struct s53_exchanger *exchanger, uint64_t now_ms);
/* Exchangers of the process, at least 1. */
unsigned s53_exchanger_count(void);
/* Set far_sockets_max from the limit of descriptors, which may have changed. */
void s53_exchanger_limit_sockets(struct s53_exchanger *exchanger);
/* Are there fewer far sockets than far_sockets_max? */
bool s53_exchanger_has_room(const struct s53_exchanger *exchanger);
