/* SPDX-License-Identifier: ISC
 *
 * fake_exchange.h - exchange.h without sockets: questions wait in a list until the scenario
 * answers them.
 *
 * Stands in for transport/exchange.c: it defines the same functions, so that the archive's are not
 * linked. What it notes of a server and counts is what the real one does, at the same moments:
 *
 *   LATE           when late() is due, before it is called, once an exchange; not after a cut
 *                  answer led to TCP, nor when s53_exchange_later() has hurried it
 *   ANSWERED       with an answer, also a cut one and one that is overheard; and with one in other
 *                  letter case, after which LATE, TIMEOUT and GARBLED are not noted, nor are
 *                  they after what check() calls unproven
 *   TIMEOUT        at the end in vain; GARBLED when something came that check() did not want
 *   REFUSED, UNREACHABLE, GARBLED    with fake_end() of that name; GARBLED also over TCP with
 *                  what check() rejects, which is the end there
 *   nothing        for what was under way during fake_stand_still()
 *
 * A cancelled exchange is listened for to S53_LATE_REPLY_MS after it left: it is no longer
 * pending nor seen by fake_next_unseen(), but fake_find() finds it, what fake_arrive() brings is
 * overheard, and fake_advance() ends it.
 */
#pragma once

#include <split53/exchange.h>
#include <split53/list.h>

struct s53_exchange {
	struct s53_link link; /* open, or listened for */
	uint64_t number; /* of its exchanger, from 1: a name that no other one ever bears */
	struct s53_upstream *upstream; /* one count */
	struct s53_exchange_ask ask; /* `octets` are a copy while it is listened for */
	uint64_t sent_at_ms;
	uint64_t late_at_ms; /* 0: no more */
	uint64_t timeout_at_ms; /* or when listening ends */
	bool tcp;
	bool seen; /* by the scenario */
	bool was_late, overdue_observed;
	bool hurried; /* late() comes sooner than it is late */
	bool garbled; /* something came that was no answer */
	bool lives; /* an answer came, in other letter case */
	bool unproven; /* what may be forged came */
	bool shares; /* its connection carries other queries too */
	bool listened; /* cancelled, but listened for */
	bool given_up; /* listened for, and noted as lost */
	uint8_t *copy; /* of the question, or NULL */
};

/* The first question that the scenario has not looked at, in the order of asking; or NULL. */
struct s53_exchange *fake_next_unseen(struct s53_exchanger *exchanger);

/*
 * The open exchange to the server at `addr`, newest first; when there is none, the newest that is
 * listened for; or NULL.
 */
struct s53_exchange *fake_find(struct s53_exchanger *exchanger, const struct s53_addr *addr);

/* The exchange of that number, open or listened for; NULL: it is gone. */
struct s53_exchange *fake_numbered(struct s53_exchanger *exchanger, uint64_t number);

/*
 * Octets arrive for it. false: check() did not want them and it goes on, or over TCP ends. TC over
 * UDP turns it into a new TCP question.
 */
bool fake_arrive(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint8_t *octets, size_t len);

/* Not ANSWERED. One that is listened for is gone without a callback. */
void fake_end(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, enum s53_exchange_end why);

/* When the first of late(), timeouts and timers is due; UINT64_MAX: nothing is. */
uint64_t fake_due_ms(const struct s53_exchanger *exchanger);

/* Let the clock run to `now_ms`; late() and timeouts come in their order and at their time. */
void fake_advance(struct s53_exchanger *exchanger, uint64_t now_ms);

/*
 * The process stood still until `now_ms`: all that was due meanwhile comes then, and what was under
 * way is not noted.
 */
void fake_stand_still(struct s53_exchanger *exchanger, uint64_t now_ms);

/* The same up to the moment of waking, when what has arrived meanwhile is read first. */
void fake_wake(struct s53_exchanger *exchanger, uint64_t now_ms);

/* Open exchanges, and cancelled ones whose late reply is awaited. */
unsigned fake_pending(const struct s53_exchanger *exchanger);
unsigned fake_listened(const struct s53_exchanger *exchanger);
