/* SPDX-License-Identifier: ISC
 *
 * fake_exchange.c - see fake_exchange.h.
 */
#include <stdlib.h>

#include <split53/clock.h>
#include <split53/header.h>

#include "fake_exchange.h"

struct s53_exchanger {
	struct s53_link open;
	struct s53_counters *counters;
	unsigned pending;
	struct s53_timer *timers; /* in no order; due_tick is in ms */
};

struct s53_exchanger *
s53_exchanger_new(struct event_base *base, struct s53_counters *counters)
{
	struct s53_exchanger *exchanger = calloc(1, sizeof *exchanger);

	(void)base;
	s53_list_init(&exchanger->open);
	exchanger->counters = counters;
	return exchanger;
}

void
s53_exchanger_free(struct s53_exchanger *exchanger)
{
	S53_ASSERT(s53_list_empty(&exchanger->open));
	free(exchanger);
}

struct s53_exchange *
s53_exchange_start(struct s53_exchanger *exchanger, struct s53_upstream *upstream,
    const struct s53_exchange_ask *ask)
{
	struct s53_exchange *exchange = calloc(1, sizeof *exchange);

	exchange->upstream = upstream;
	exchange->ask = *ask;
	exchange->tcp = ask->tcp;
	exchange->late_at_ms = ask->late_ms == 0 ? 0 : s53_clock_ms() + ask->late_ms;
	exchange->timeout_at_ms = s53_clock_ms() + ask->timeout_ms;
	s53_list_append(&exchanger->open, &exchange->link);
	exchanger->pending++;
	return exchange;
}

void
s53_exchange_cancel(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	s53_list_remove(&exchange->link);
	exchanger->pending--;
	free(exchange);
}

void
s53_exchanger_flush(struct s53_exchanger *exchanger)
{
	(void)exchanger;
}

unsigned
s53_exchanger_pending(const struct s53_exchanger *exchanger)
{
	return exchanger->pending;
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
		struct s53_exchange *exchange = S53_CONTAINER_OF(link, struct s53_exchange, link);

		if (!exchange->seen)
			return exchange;
	}
	return NULL;
}

struct s53_exchange *
fake_find(struct s53_exchanger *exchanger, const struct s53_addr *addr)
{
	struct s53_exchange *found = NULL;

	S53_LIST_EACH (&exchanger->open, link) {
		struct s53_exchange *exchange = S53_CONTAINER_OF(link, struct s53_exchange, link);

		if (s53_addr_equal(s53_upstream_addr(exchange->upstream), addr))
			found = exchange;
	}
	return found;
}

static void
end(struct s53_exchanger *exchanger, struct s53_exchange *exchange, enum s53_exchange_end why,
    uint8_t *octets, size_t len)
{
	struct s53_exchange_ask ask = exchange->ask;

	s53_list_remove(&exchange->link);
	exchanger->pending--;
	ask.done(ask.arg, exchange, why, octets, len);
	free(exchange);
}

bool
fake_arrive(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint8_t *octets, size_t len)
{
	if (!exchange->ask.check(exchange->ask.arg, exchange, octets, len))
		return false;
	if (!exchange->tcp && (s53_header_flags(octets) & S53_TC) != 0) {
		exchange->tcp = true;
		exchange->seen = false;
		return true;
	}
	end(exchanger, exchange, S53_EXCHANGE_ANSWERED, octets, len);
	return true;
}

void
fake_end(struct s53_exchanger *exchanger, struct s53_exchange *exchange, enum s53_exchange_end why)
{
	end(exchanger, exchange, why, NULL, 0);
}

/* The exchange whose timer is due first, not after `until_ms`. */
static struct s53_exchange *
next_due(struct s53_exchanger *exchanger, uint64_t until_ms, uint64_t *due_ms)
{
	struct s53_exchange *first = NULL;

	*due_ms = until_ms + 1;
	S53_LIST_EACH (&exchanger->open, link) {
		struct s53_exchange *exchange = S53_CONTAINER_OF(link, struct s53_exchange, link);
		uint64_t due = exchange->timeout_at_ms;

		if (exchange->late_at_ms != 0 && exchange->late_at_ms < due)
			due = exchange->late_at_ms;
		if (due < *due_ms) {
			*due_ms = due;
			first = exchange;
		}
	}
	return first;
}

/* The timer that is due first, before `until_ms`. */
static struct s53_timer *
next_timer(struct s53_exchanger *exchanger, uint64_t until_ms)
{
	struct s53_timer *first = NULL;

	for (struct s53_timer *it = exchanger->timers; it != NULL; it = it->next)
		if (it->due_tick < until_ms && (first == NULL || it->due_tick < first->due_tick))
			first = it;
	return first;
}

void
fake_advance(struct s53_exchanger *exchanger, uint64_t now_ms)
{
	struct s53_exchange *exchange;
	struct s53_timer *timer;
	uint64_t due_ms;

	for (;;) {
		exchange = next_due(exchanger, now_ms, &due_ms);
		if ((timer = next_timer(exchanger, due_ms)) != NULL) {
			s53_exchanger_timer_cancel(exchanger, timer);
			s53_clock_test_set(timer->due_tick);
			timer->fire(timer);
			continue;
		}
		if (exchange == NULL)
			break;
		s53_clock_test_set(due_ms);
		if (due_ms >= exchange->timeout_at_ms) {
			end(exchanger, exchange, S53_EXCHANGE_TIMEOUT, NULL, 0);
		} else {
			exchange->late_at_ms = 0;
			exchange->ask.late(exchange->ask.arg, exchange);
		}
	}
	s53_clock_test_set(now_ms);
}
