/* SPDX-License-Identifier: ISC
 *
 * exchange.h - one question to one server, octets or a reason back.
 *
 * Layer    upstream. Replay tests link a fake in its place: resolve uses nothing of upstream's sockets but these functions.
 * Threads  an exchanger belongs to one worker; every call and callback is in its thread
 * Memory   exchanges come from the exchanger's pool and return to it when they end: with done() or s53_exchange_cancel()
 * Units    ms, octets
 * Sources  RFC 5452 (ID, port, address), RFC 7766 (TCP), RFC 1035 s4.2
 *
 * UDP goes through a rotating pool of connected sockets with random ports; TCP over a kept connection, pipelined. A reply with TC leads to
 * TCP to the same server by itself. An ICMP refusal ends the exchanges that wait on that socket at once.
 * late() and the end come from timers of the exchanger; nothing is armed while nothing waits.
 */
#pragma once

#include <split53/counter.h>
#include <split53/upstream.h>

struct event_base;
struct s53_exchanger;
struct s53_exchange;

enum s53_exchange_end {
	S53_EXCHANGE_ANSWERED,
	S53_EXCHANGE_TIMEOUT,
	S53_EXCHANGE_UNREACHABLE, /* refused, no route, connection reset before an answer */
	S53_EXCHANGE_NO_RESOURCES, /* no descriptor, memory or ID here: not the server's fault */
};

struct s53_exchange_ask {
	/* The whole question, ID aside, which the exchange draws; stays the caller's and unchanged until the end. */
	const uint8_t *octets;
	uint16_t len;
	bool tcp; /* at once, not only on TC */
	uint32_t late_ms; /* call late() after this; 0: never */
	uint32_t timeout_ms; /* of the whole exchange */
	void *arg;

	/*
	 * Is this the answer? Address, port and ID are right; it says whether question, letter case and sections are. false: the
	 * wait goes on. Must not start or cancel an exchange.
	 */
	bool (*check)(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len);

	/* Not here yet. The exchange goes on. May start and cancel others, and cancel this one. */
	void (*late)(void *arg, struct s53_exchange *exchange);

	/*
	 * The end, once. `octets`: the answer, checked, writable, `len` octets, valid during the call only; NULL but for ANSWERED.
	 * May start and cancel other exchanges; this one is gone.
	 */
	void (*done)(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end,
	    uint8_t *octets, size_t len);
};

/* NULL: no memory. `counters` are the worker's. */
struct s53_exchanger *s53_exchanger_new(struct event_base *base, struct s53_counters *counters);
void s53_exchanger_free(struct s53_exchanger *exchanger); /* ends nothing: none may be left */

/*
 * Send; the ask is copied but for its octets. NULL: no memory (then nothing is called back). Failures that show at once come through done()
 * all the same, later, never from inside this call.
 */
struct s53_exchange *s53_exchange_start(struct s53_exchanger *exchanger,
    struct s53_upstream *upstream, const struct s53_exchange_ask *ask);

/* No callback comes any more; a late reply to it is dropped and counted as stray. */
void s53_exchange_cancel(struct s53_exchanger *exchanger, struct s53_exchange *exchange);

/* Datagrams that were queued leave now: called at the end of a batch. Called by itself before the loop waits. */
void s53_exchanger_flush(struct s53_exchanger *exchanger);

/* Exchanges under way. */
unsigned s53_exchanger_pending(const struct s53_exchanger *exchanger);
