/* SPDX-License-Identifier: ISC
 *
 * exchange.h - one question to one server, octets or a reason back.
 *
 * Layer    transport. Replay tests link a fake in its place: resolve uses nothing of upstream's
 *          sockets but these functions.
 * Threads  an exchanger belongs to one worker; every call and callback is in its thread
 * Memory   exchanges come from the exchanger's pool and return to it when they end: with done()
 *          or s53_exchange_cancel()
 * Units    ms, octets
 * Sources  RFC 5452 (ID, port, address), RFC 7766 (TCP), RFC 1035 s4.2
 *
 * UDP goes through a rotating pool of connected sockets with random ports; TCP over a kept
 * connection, pipelined. A reply with TC leads to TCP to the same server by itself. An ICMP
 * refusal ends the exchanges that wait on that socket at once. An exchange that was under way while
 * this process did not run (it was stopped, or the machine was suspended) says nothing about its
 * server and is not recorded. overdue() and the end come from timers of the exchanger; no timer is
 * armed while no exchange is under way.
 */
#pragma once

#include <split53/counter.h>
#include <split53/upstream.h>
#include <split53/wheel.h>

struct event_base;
struct s53_exchanger;
struct s53_exchange;

enum s53_exchange_end {
	S53_EXCHANGE_ANSWERED,
	S53_EXCHANGE_TIMEOUT,
	S53_EXCHANGE_REFUSED, /* ICMP port unreachable, connection refused or reset */
	S53_EXCHANGE_UNREACHABLE, /* no way to the host or network */
	S53_EXCHANGE_NO_RESOURCES, /* no descriptor, memory or ID here: not the server's fault */
};

struct s53_exchange_ask {
	/*
	 * The whole question, ID aside, which the exchange draws; at least a header. Stays the
	 * caller's and unchanged until the end.
	 */
	const uint8_t *octets;
	uint16_t len;
	bool tcp; /* at once, not only on TC; a server that is tcp_only is asked so anyway */
	uint32_t overdue_ms; /* call overdue() after this; 0: never */
	uint32_t timeout_ms; /* of the whole exchange */
	uint64_t now_ms; /* from when both count: read lately; 0: have the clock read */
	void *arg;

	/*
	 * Is this the answer? Address, port, ID and QR are right; it says whether question, letter
	 * case and sections are. false: the wait goes on. Must not start or cancel an exchange.
	 */
	bool (*check)(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len);

	/*
	 * No response yet; S53_OBSERVED_OVERDUE has been recorded. When the response was truncated
	 * it is called at once, and nothing is recorded, if TCP to this server is known to be down;
	 * otherwise later, with time for a connection and a response. The exchange goes on. May
	 * start and cancel others, and cancel this one. NULL is fine when overdue_ms is 0.
	 */
	void (*overdue)(void *arg, struct s53_exchange *exchange);

	/*
	 * The end, once. `octets`: the answer, checked, writable, `len` octets, valid during the
	 * call only; NULL but for ANSWERED. May start and cancel other exchanges; this one is gone,
	 * its pointer only a name that no other exchange bears before this call returns.
	 */
	void (*done)(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end,
	    uint8_t *octets, size_t len);
};

/* NULL: no memory. `counters` are the worker's. */
struct s53_exchanger *s53_exchanger_new(struct event_base *base, struct s53_counters *counters);
/* Ends nothing: no exchange may be left. Idle sockets and connections are closed. NULL is fine. */
void s53_exchanger_free(struct s53_exchanger *exchanger);

/*
 * Send; the ask is copied but for its octets. The exchanger holds a count of `upstream` as long as
 * it needs one. NULL: no memory (then nothing is called back). Failures that show at once come
 * through done() all the same, later, never from inside this call.
 */
struct s53_exchange *s53_exchange_start(struct s53_exchanger *exchanger,
    struct s53_upstream *upstream, const struct s53_exchange_ask *ask);

/*
 * Call overdue() again (or for the first time) `overdue_ms` from now. When that is sooner than it
 * would have been called, S53_OBSERVED_OVERDUE is not recorded then.
 */
void s53_exchange_later(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint32_t overdue_ms);

/*
 * No callback comes any more, and the ask's octets are not looked at. One that has left is listened
 * for up to S53_LATE_REPLY_MS after that, so that the server's record learns how quick the
 * answer was, or that it was lost: also when another's answer came before this one was even late.
 */
#define S53_LATE_REPLY_MS 2000
#define S53_LATE_REPLY_MAX_MS 5000 /* then it is noted as lost; but it may be very slow */
void s53_exchange_cancel(struct s53_exchanger *exchanger, struct s53_exchange *exchange);

/*
 * Call timer->fire at `due_ms` or a few ms later, from the loop. One that waits already is moved.
 * It may start and cancel anything, itself too.
 */
void s53_exchanger_timer(
    struct s53_exchanger *exchanger, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms);
void s53_exchanger_timer_cancel(struct s53_exchanger *exchanger, struct s53_timer *timer);

/* Inside of a callback: when what led to it happened, read once for all of a batch. */
uint64_t s53_exchanger_now_ms(const struct s53_exchanger *exchanger);
