/* SPDX-License-Identifier: ISC
 *
 * fake_exchange.c - see fake_exchange.h.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/header.h>

#include "fake_exchange.h"

struct s53_exchanger {
	struct s53_link open, listened;
	struct s53_counters *counters;
	unsigned pending, listened_count;
	uint64_t resumed_ms; /* what was sent before stood still */
	uint64_t started; /* exchanges, ever */
	struct s53_timer *timers; /* in no order; due_tick is in ms */
};

struct s53_exchanger *
s53_exchanger_new(struct event_base *base, struct s53_counters *counters)
{
	struct s53_exchanger *exchanger = calloc(1, sizeof(*exchanger));

	(void)base;
	s53_list_init(&exchanger->open);
	s53_list_init(&exchanger->listened);
	exchanger->counters = counters;
	return exchanger;
}

static void
note(const struct s53_exchanger *exchanger, const struct s53_exchange *exchange,
    enum s53_observed event)
{
	uint64_t now_ms = s53_clock_ms();
	struct s53_observation sign = { .event = event,
		.over = exchange->tcp ? S53_OVER_TCP : S53_OVER_UDP,
		.waited_ms = (uint32_t)(now_ms - exchange->sent_at_ms) };

	if (exchange->sent_at_ms >= exchanger->resumed_ms)
		s53_upstream_observe(exchange->upstream, sign, now_ms);
}

static void
let_go(struct s53_exchange *exchange)
{
	s53_list_remove(&exchange->link);
	s53_upstream_drop(exchange->upstream);
	free(exchange->copy);
	free(exchange);
}

static void
stop_listening(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	exchanger->listened_count--;
	let_go(exchange);
}

static struct s53_exchange *
exchange_of(struct s53_link *link)
{
	return S53_CONTAINER_OF(link, struct s53_exchange, link);
}

void
s53_exchanger_free(struct s53_exchanger *exchanger)
{
	S53_ASSERT(s53_list_empty(&exchanger->open));
	while (!s53_list_empty(&exchanger->listened))
		stop_listening(exchanger, exchange_of(exchanger->listened.next));
	free(exchanger);
}

struct s53_exchange *
s53_exchange_start(struct s53_exchanger *exchanger, struct s53_upstream *upstream,
    const struct s53_exchange_spec *ask)
{
	struct s53_exchange *exchange = calloc(1, sizeof(*exchange));

	exchange->number = ++exchanger->started;
	exchange->upstream = s53_upstream_keep(upstream);
	exchange->ask = *ask;
	exchange->tcp = ask->tcp || s53_upstream_options(upstream)->tcp_only;
	exchange->lives = ask->may_be_held;
	exchange->sent_at_ms = s53_clock_ms();
	exchange->late_at_ms = ask->overdue_ms == 0 ? 0 : exchange->sent_at_ms + ask->overdue_ms;
	exchange->timeout_at_ms = exchange->sent_at_ms + ask->timeout_ms;
	s53_list_append(&exchanger->open, &exchange->link);
	exchanger->pending++;
	s53_upstream_begin(upstream);
	s53_count(exchanger->counters, exchange->tcp ? S53_C_EXCHANGE_TCP : S53_C_EXCHANGE_UDP);
	return exchange;
}

bool
s53_exchange_is_stuck(const struct s53_exchange *exchange, uint64_t now_ms)
{
	return exchange->tcp && exchange->shares &&
	    now_ms - exchange->sent_at_ms >=
	    s53_upstream_path_retransmit_ms(exchange->upstream, S53_OVER_TCP);
}

void
s53_exchange_overdue_in(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint32_t overdue_ms)
{
	(void)exchanger;
	S53_ASSERT(!exchange->listened);
	exchange->hurried = exchange->hurried || s53_clock_ms() + overdue_ms < exchange->late_at_ms;
	exchange->late_at_ms = s53_clock_ms() + overdue_ms;
}

/* Ended without a response: nothing arrived, or nothing that was one. */
static void
note_vain(const struct s53_exchanger *exchanger, const struct s53_exchange *exchange)
{
	if (!exchange->lives && !exchange->unproven)
		note(exchanger, exchange,
		    exchange->garbled ? S53_OBSERVED_GARBLED : S53_OBSERVED_TIMEOUT);
}

static void
lost(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	if (exchange->given_up) {
		stop_listening(exchanger, exchange);
		return;
	}
	s53_count(exchanger->counters, S53_C_EXCHANGE_LATE_TIMEOUT);
	note_vain(exchanger, exchange);
	exchange->timeout_at_ms = exchange->sent_at_ms + S53_LATE_REPLY_MAX_MS;
	exchange->given_up = true;
	if (exchange->tcp || exchange->timeout_at_ms <= s53_clock_ms())
		stop_listening(exchanger, exchange);
}

static void
listen_for(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	struct s53_exchange_spec *ask = &exchange->ask;

	exchange->copy = malloc(ask->len);
	memcpy(exchange->copy, ask->octets, ask->len);
	ask->octets = exchange->copy;
	ask->check = NULL;
	ask->overdue = NULL;
	ask->done = NULL;
	exchange->listened = true;
	exchange->given_up = false;
	if (exchange->was_late)
		exchange->late_at_ms = 0;
	exchange->timeout_at_ms = exchange->sent_at_ms + S53_LATE_REPLY_MS;
	s53_list_append(&exchanger->listened, &exchange->link);
	exchanger->listened_count++;
	if (exchange->timeout_at_ms <= s53_clock_ms())
		lost(exchanger, exchange);
}

void
s53_exchange_cancel(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	S53_ASSERT(!exchange->listened);
	s53_list_remove(&exchange->link);
	exchanger->pending--;
	s53_upstream_end(exchange->upstream);
	listen_for(exchanger, exchange);
}

unsigned
fake_pending(const struct s53_exchanger *exchanger)
{
	return exchanger->pending;
}

unsigned
fake_listened(const struct s53_exchanger *exchanger)
{
	return exchanger->listened_count;
}

uint64_t
s53_exchanger_now_ms(const struct s53_exchanger *exchanger)
{
	(void)exchanger;
	return s53_clock_ms();
}

void
s53_exchanger_timer(
    struct s53_exchanger *exchanger, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms)
{
	(void)now_ms;
	s53_exchanger_timer_cancel(exchanger, timer);
	timer->due_tick = due_ms;
	timer->next = exchanger->timers;
	timer->back = &exchanger->timers;
	if (timer->next != NULL)
		timer->next->back = &timer->next;
	exchanger->timers = timer;
}

void
s53_exchanger_timer_cancel(struct s53_exchanger *exchanger, struct s53_timer *timer)
{
	(void)exchanger;
	if (timer->back == NULL)
		return;
	*timer->back = timer->next;
	if (timer->next != NULL)
		timer->next->back = timer->back;
	timer->back = NULL;
}

struct s53_exchange *
fake_next_unseen(struct s53_exchanger *exchanger)
{
	S53_LIST_EACH (&exchanger->open, link) {
		if (!exchange_of(link)->seen)
			return exchange_of(link);
	}
	return NULL;
}

static struct s53_exchange *
numbered(const struct s53_link *list, uint64_t number)
{
	for (struct s53_link *link = list->prev; link != list; link = link->prev) {
		if (exchange_of(link)->number == number)
			return exchange_of(link);
	}
	return NULL;
}

struct s53_exchange *
fake_numbered(struct s53_exchanger *exchanger, uint64_t number)
{
	struct s53_exchange *open = numbered(&exchanger->open, number);

	return open != NULL ? open : numbered(&exchanger->listened, number);
}

static struct s53_exchange *
newest_to(const struct s53_link *list, const struct s53_addr *addr)
{
	for (struct s53_link *link = list->prev; link != list; link = link->prev) {
		if (s53_addr_equal(s53_upstream_addr(exchange_of(link)->upstream), addr))
			return exchange_of(link);
	}
	return NULL;
}

struct s53_exchange *
fake_find(struct s53_exchanger *exchanger, const struct s53_addr *addr)
{
	struct s53_exchange *open = newest_to(&exchanger->open, addr);

	return open != NULL ? open : newest_to(&exchanger->listened, addr);
}

static void
end(struct s53_exchanger *exchanger, struct s53_exchange *exchange, enum s53_exchange_end why,
    uint8_t *octets, size_t len)
{
	struct s53_exchange_spec ask = exchange->ask;

	s53_list_remove(&exchange->link);
	exchanger->pending--;
	s53_upstream_end(exchange->upstream);
	ask.done(ask.arg, exchange, why, octets, len);
	let_go(exchange);
}

/* Where the question section ends; 0 if there is none. */
static size_t
question_end(const struct s53_exchange *exchange)
{
	const uint8_t *asked = exchange->ask.octets;
	size_t end = S53_HEADER_LEN;

	while (end < exchange->ask.len && asked[end] != 0)
		end += 1u + asked[end];
	end += 1 + 4;
	return end <= exchange->ask.len ? end : 0;
}

/* The response has the question, in any letter case, or says that the server could not read it. */
static bool
is_echo(const struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	const char *asked = (const char *)exchange->ask.octets;
	size_t end = question_end(exchange);

	if (s53_header_count(octets, S53_QUESTION) == 0)
		return s53_header_rcode(octets) == S53_RCODE_FORMERR;
	if (end == 0 || len < end)
		return false;
	for (size_t at = S53_HEADER_LEN; at < end; at++) {
		if (tolower(asked[at]) != tolower(octets[at]))
			return false;
	}
	return true;
}

/*
 * A message that check() rejected: garbage, or in other letter case a sign that the server is
 * alive.
 */
static void
unwanted(struct s53_exchanger *exchanger, struct s53_exchange *exchange, const uint8_t *octets,
    size_t len)
{
	size_t end = question_end(exchange);

	if (exchange->lives)
		return;
	exchange->lives = end != 0 && len >= end && is_echo(exchange, octets, len) &&
	    memcmp(octets + S53_HEADER_LEN, exchange->ask.octets + S53_HEADER_LEN,
		end - S53_HEADER_LEN) != 0;
	if (exchange->lives)
		note(exchanger, exchange, S53_OBSERVED_ANSWERED);
	else
		exchange->garbled = true;
}

/* A header alone over UDP may be forged: nothing is recorded. */
static void
note_answer(struct s53_exchanger *exchanger, struct s53_exchange *exchange, const uint8_t *octets)
{
	if (exchange->tcp || s53_header_count(octets, S53_QUESTION) > 0)
		note(exchanger, exchange, S53_OBSERVED_ANSWERED);
}

static bool
overhear(struct s53_exchanger *exchanger, struct s53_exchange *exchange, const uint8_t *octets,
    size_t len)
{
	if (len < S53_HEADER_LEN || (s53_header_flags(octets) & S53_QR) == 0 ||
	    !is_echo(exchange, octets, len)) {
		exchange->garbled = true;
		if (exchange->tcp) {
			note(exchanger, exchange, S53_OBSERVED_GARBLED);
			stop_listening(exchanger, exchange);
		}
		return false;
	}
	s53_count(exchanger->counters, S53_C_EXCHANGE_LATE_REPLY);
	note_answer(exchanger, exchange, octets);
	stop_listening(exchanger, exchange);
	return true;
}

/*
 * The response was truncated: the query goes over TCP now. If TCP is known to be down, the caller
 * may query other servers as well.
 */
static void
go_on_over_tcp(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	bool down = s53_health_is_down(s53_upstream_path_state(exchange->upstream, S53_OVER_TCP));

	s53_count(exchanger->counters, S53_C_EXCHANGE_TCP_ON_TC);
	s53_count(exchanger->counters, S53_C_EXCHANGE_TCP);
	exchange->tcp = true;
	exchange->seen = false;
	exchange->sent_at_ms = s53_clock_ms();
	exchange->overdue_observed = true;
	if (exchange->late_at_ms == 0)
		return;
	if (!down) {
		exchange->late_at_ms =
		    s53_clock_ms() + 2 * s53_upstream_hedge_ms(exchange->upstream);
		return;
	}
	exchange->late_at_ms = 0;
	exchange->was_late = true;
	exchange->ask.overdue(exchange->ask.arg, exchange);
}

static void
count_end(struct s53_counters *counters, enum s53_exchange_end why)
{
	if (why == S53_EXCHANGE_TIMEOUT)
		s53_count(counters, S53_C_EXCHANGE_TIMEOUT);
	else if (why == S53_EXCHANGE_REFUSED)
		s53_count(counters, S53_C_EXCHANGE_REFUSED);
	else if (why == S53_EXCHANGE_UNREACHABLE)
		s53_count(counters, S53_C_EXCHANGE_UNREACHABLE);
	else if (why == S53_EXCHANGE_GARBLED)
		s53_count(counters, S53_C_EXCHANGE_MALFORMED);
}

void
fake_end(struct s53_exchanger *exchanger, struct s53_exchange *exchange, enum s53_exchange_end why)
{
	if (why == S53_EXCHANGE_TIMEOUT && exchange->listened) {
		lost(exchanger, exchange);
		return;
	}
	if (why == S53_EXCHANGE_TIMEOUT)
		note_vain(exchanger, exchange);
	else if (why == S53_EXCHANGE_REFUSED)
		note(exchanger, exchange, S53_OBSERVED_REFUSED);
	else if (why == S53_EXCHANGE_UNREACHABLE)
		note(exchanger, exchange, S53_OBSERVED_UNREACHABLE);
	else if (why == S53_EXCHANGE_GARBLED)
		note(exchanger, exchange, S53_OBSERVED_GARBLED);
	if (exchange->listened) {
		stop_listening(exchanger, exchange);
		return;
	}
	count_end(exchanger->counters, why);
	end(exchanger, exchange, why, NULL, 0);
}

static void
rejected(struct s53_exchanger *exchanger, struct s53_exchange *exchange, const uint8_t *octets,
    size_t len)
{
	if (exchange->tcp)
		fake_end(exchanger, exchange, S53_EXCHANGE_GARBLED);
	else
		unwanted(exchanger, exchange, octets, len);
}

static void
unproven(struct s53_exchange *exchange)
{
	bool first = !exchange->unproven;

	exchange->unproven = true;
	if (first && exchange->ask.overdue != NULL)
		exchange->ask.overdue(exchange->ask.arg, exchange);
}

bool
fake_arrive(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint8_t *octets, size_t len)
{
	if (exchange->listened)
		return overhear(exchanger, exchange, octets, len);
	switch (exchange->ask.check(exchange->ask.arg, exchange, octets, len)) {
	case S53_VALIDITY_REJECTED:
		rejected(exchanger, exchange, octets, len);
		return false;
	case S53_VALIDITY_UNPROVEN:
		unproven(exchange);
		return false;
	case S53_VALIDITY_ACCEPTED:
		break;
	}
	note_answer(exchanger, exchange, octets);
	if (!exchange->tcp && (s53_header_flags(octets) & S53_TC) != 0)
		go_on_over_tcp(exchanger, exchange);
	else
		end(exchanger, exchange, S53_EXCHANGE_ANSWERED, octets, len);
	return true;
}

static uint64_t
due_of(const struct s53_exchange *exchange)
{
	return exchange->late_at_ms != 0 && exchange->late_at_ms < exchange->timeout_at_ms
	    ? exchange->late_at_ms
	    : exchange->timeout_at_ms;
}

/* The exchange of `list` with a timer that is due before *due_ms, if any. */
static void
find_due(const struct s53_link *list, struct s53_exchange **first, uint64_t *due_ms)
{
	S53_LIST_EACH (list, link) {
		if (due_of(exchange_of(link)) >= *due_ms)
			continue;
		*first = exchange_of(link);
		*due_ms = due_of(*first);
	}
}

/* The exchange with the timer that is due first, before `until_ms`. */
static struct s53_timer *
next_timer(const struct s53_exchanger *exchanger, uint64_t until_ms)
{
	struct s53_timer *first = NULL;

	for (struct s53_timer *it = exchanger->timers; it != NULL; it = it->next)
		if (it->due_tick < until_ms && (first == NULL || it->due_tick < first->due_tick))
			first = it;
	return first;
}

static void
late(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	exchange->late_at_ms = 0;
	exchange->was_late = true;
	if (!exchange->overdue_observed && !exchange->lives && !exchange->unproven &&
	    !exchange->hurried) {
		exchange->overdue_observed = true;
		s53_count(exchanger->counters, S53_C_EXCHANGE_OVERDUE);
		note(exchanger, exchange, S53_OBSERVED_OVERDUE);
	}
	exchange->hurried = false;
	if (!exchange->listened)
		exchange->ask.overdue(exchange->ask.arg, exchange);
}

/* Fire what is due at or before `until_ms`, each at its time but not before `from_ms`. */
static void
run(struct s53_exchanger *exchanger, uint64_t from_ms, uint64_t until_ms)
{
	for (;;) {
		struct s53_exchange *exchange = NULL;
		struct s53_timer *timer;
		uint64_t due_ms = until_ms + 1;

		find_due(&exchanger->open, &exchange, &due_ms);
		find_due(&exchanger->listened, &exchange, &due_ms);
		if ((timer = next_timer(exchanger, due_ms)) != NULL) {
			due_ms = timer->due_tick;
			s53_exchanger_timer_cancel(exchanger, timer);
			s53_clock_test_set(due_ms > from_ms ? due_ms : from_ms);
			timer->fire(timer);
			continue;
		}
		if (exchange == NULL)
			return;
		s53_clock_test_set(due_ms > from_ms ? due_ms : from_ms);
		if (due_ms < exchange->timeout_at_ms)
			late(exchanger, exchange);
		else
			fake_end(exchanger, exchange, S53_EXCHANGE_TIMEOUT);
	}
}

void
fake_advance(struct s53_exchanger *exchanger, uint64_t now_ms)
{
	run(exchanger, 0, now_ms);
	s53_clock_test_set(now_ms);
}

uint64_t
fake_due_ms(const struct s53_exchanger *exchanger)
{
	struct s53_exchange *exchange = NULL;
	const struct s53_timer *timer;
	uint64_t due_ms = UINT64_MAX;

	find_due(&exchanger->open, &exchange, &due_ms);
	find_due(&exchanger->listened, &exchange, &due_ms);
	timer = next_timer(exchanger, due_ms);
	return timer != NULL ? timer->due_tick : due_ms;
}

void
fake_wake(struct s53_exchanger *exchanger, uint64_t now_ms)
{
	exchanger->resumed_ms = now_ms;
	s53_clock_test_set(now_ms);
}

void
fake_stand_still(struct s53_exchanger *exchanger, uint64_t now_ms)
{
	fake_wake(exchanger, now_ms);
	run(exchanger, now_ms, now_ms);
}
