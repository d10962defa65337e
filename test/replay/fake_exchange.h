/* SPDX-License-Identifier: ISC
 *
 * fake_exchange.h - exchange.h without sockets: queries wait in a list until the scenario answers
 * them.
 *
 * Replaces transport/exchange.c: it defines the same functions, so that those of the archive are
 * not linked. It records the same observations of a server, and increments the same counters, as
 * the real one, at the same moments:
 *
 *   OVERDUE        when overdue() is due, before it is called, once an exchange; not after a
 *                  truncated response led to TCP, nor when s53_exchange_overdue_in() moved it
 *                  forward
 *   ANSWERED       for a response, also a truncated one and a late reply; and for one in other
 *                  letter case, after which OVERDUE, TIMEOUT and GARBLED are not recorded, nor are
 *                  they after a message that check() calls unproven
 *   TIMEOUT        at the end without a response; GARBLED if check() rejected a message before
 *   REFUSED, UNREACHABLE, GARBLED    by fake_end() with that name; GARBLED also over TCP if check()
 *                  rejects a message, which ends the exchange there
 *   nothing        for exchanges that were under way during fake_stand_still()
 *
 * The late reply to a cancelled exchange is awaited until S53_LATE_REPLY_MS after it was sent: the
 * exchange is no longer pending and fake_next_unseen() does not return it, but fake_find() finds
 * it, fake_arrive() records a late reply, and fake_advance() ends it.
 */
#pragma once

#include <split53/exchange.h>
#include <split53/list.h>

struct s53_exchange {
	struct s53_link link; /* open, or cancelled and awaiting its late reply ("listened") */
	uint64_t number; /* unique in its exchanger, from 1 */
	struct s53_upstream *upstream; /* one count */
	struct s53_exchange_spec ask; /* `octets` are a copy while listened */
	uint64_t sent_at_ms;
	uint64_t late_at_ms; /* 0: no more */
	uint64_t timeout_at_ms; /* or end of the wait for a late reply */
	bool tcp;
	bool seen; /* by the scenario */
	bool was_late, overdue_observed;
	bool hurried; /* overdue() comes before it is overdue */
	bool garbled; /* a message arrived that was no response */
	bool lives; /* a response arrived in other letter case */
	bool unproven; /* a message arrived that may be forged */
	bool shares; /* its connection carries other queries too */
	bool listened; /* cancelled, awaits its late reply */
	bool given_up; /* listened, and recorded as lost */
	uint8_t *copy; /* of the query, or NULL */
};

/* The first query that the scenario has not seen, in the order of sending; or NULL. */
struct s53_exchange *fake_next_unseen(struct s53_exchanger *exchanger);

/*
 * The newest open exchange with the server at `addr`; if there is none, the newest that awaits a
 * late reply; or NULL.
 */
struct s53_exchange *fake_find(struct s53_exchanger *exchanger, const struct s53_addr *addr);

/* The exchange with that number; NULL: it has ended. */
struct s53_exchange *fake_numbered(struct s53_exchanger *exchanger, uint64_t number);

/*
 * A message arrives for it. false: check() rejected it; the exchange goes on or, over TCP, ends.
 * TC over UDP makes it a new query over TCP.
 */
bool fake_arrive(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint8_t *octets, size_t len);

/* `why` is not ANSWERED. One that awaits its late reply ends without a callback. */
void fake_end(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, enum s53_exchange_end why);

/* When the first of overdue(), timeouts and timers is due; UINT64_MAX: none is. */
uint64_t fake_due_ms(const struct s53_exchanger *exchanger);

/* Advance the clock to `now_ms`; overdue() and timeouts come in order and at their time. */
void fake_advance(struct s53_exchanger *exchanger, uint64_t now_ms);

/*
 * The process stood still until `now_ms`: everything that was due meanwhile comes then, and nothing
 * is recorded for exchanges under way.
 */
void fake_stand_still(struct s53_exchanger *exchanger, uint64_t now_ms);

/* The same, but messages that have arrived meanwhile can be read before timers fire. */
void fake_wake(struct s53_exchanger *exchanger, uint64_t now_ms);

/* Open exchanges, and cancelled ones that await a late reply. */
unsigned fake_pending(const struct s53_exchanger *exchanger);
unsigned fake_listened(const struct s53_exchanger *exchanger);
