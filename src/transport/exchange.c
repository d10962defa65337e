/* SPDX-License-Identifier: ISC
 *
 * exchange.c - the life of an exchange: start, late, reply, end.
 *
 *   start -> UDP --reply--> end
 *        \      \--reply with TC--> TCP
 *         TCP --reply--> end
 * and from anywhere: time out, refused, unreachable, no resources, cancelled; and cancelled, but
 * listened for (overhear.c).
 */
#include "inside.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <split53/clock.h>

#define SPARES_MAX 1024 /* exchanges kept for the next ones */
#define PULSE_MS 250
#define SOCKETS_MAX 256 /* of one endpoint */
#define SOCKETS_MIN 4 /* of it too, however few descriptors there are */

/* Of the process: its descriptors are shared by all workers. */
static _Atomic unsigned exchangers;

static struct s53_exchange *
exchange_of(struct s53_link *link)
{
	return S53_CONTAINER_OF(link, struct s53_exchange, link);
}

void
s53_exchange_settle(struct s53_exchange *exchange)
{
	s53_upstream_end(exchange->endpoint->upstream);
	exchange->endpoint->exchanges--;
	exchange->exchanger->pending--;
	exchange->used = false;
}

/* Take it out of all that knows it. */
static void
detach(struct s53_exchange *exchange)
{
	s53_wheel_cancel(&exchange->exchanger->wheel, &exchange->timer);
	s53_exchange_settle(exchange);
	s53_flow_leave(exchange);
	s53_list_remove(&exchange->link); /* of those put aside */
}

void
s53_exchange_recycle(struct s53_exchange *exchange)
{
	struct s53_exchanger *exchanger = exchange->exchanger;

	if (exchanger->spare_count >= SPARES_MAX) {
		free(exchange);
		return;
	}
	exchanger->spare_count++;
	s53_list_push(&exchanger->spare, &exchange->link);
}

void
s53_exchange_finish(
    struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets, size_t len)
{
	detach(exchange);
	exchange->ask.done(exchange->ask.arg, exchange, end, octets, len);
	s53_exchange_recycle(exchange); /* only now: until then its pointer names it alone */
}

static void
count_end(struct s53_counters *counters, enum s53_exchange_end end)
{
	if (end == S53_EXCHANGE_TIMEOUT)
		s53_count(counters, S53_C_EXCHANGE_TIMEOUT);
	else if (end == S53_EXCHANGE_REFUSED)
		s53_count(counters, S53_C_EXCHANGE_REFUSED);
	else if (end == S53_EXCHANGE_UNREACHABLE)
		s53_count(counters, S53_C_EXCHANGE_UNREACHABLE);
}

void
s53_exchange_fail(struct s53_exchange *exchange, enum s53_exchange_end end)
{
	struct s53_exchanger *exchanger = exchange->exchanger;

	if (exchange->overheard) {
		s53_late_reply_forget(exchange);
		return;
	}
	s53_flow_leave(exchange);
	s53_wheel_cancel(&exchanger->wheel, &exchange->timer);
	count_end(exchanger->counters, end);
	exchange->end = end;
	s53_list_append(&exchanger->failed, &exchange->link);
	s53_exchanger_defer(exchanger);
}

void
s53_exchange_arm(struct s53_exchange *exchange, uint64_t now_ms)
{
	bool has_late = exchange->overdue_ms != 0 && exchange->overdue_ms < exchange->end_ms;

	s53_wheel_add(&exchange->exchanger->wheel, &exchange->timer,
	    has_late ? exchange->overdue_ms : exchange->end_ms, now_ms);
}

/* The next server is to be asked as well. The exchange may be gone afterwards. */
static void
call_overdue(struct s53_exchange *exchange, uint64_t now_ms)
{
	exchange->overdue_ms = 0;
	s53_exchange_arm(exchange, now_ms);
	exchange->ask.overdue(exchange->ask.arg, exchange);
}

/*
 * The answer was cut: the same over TCP (RFC 7766 s5). When that is known to be down nobody waits
 * for it to prove so; else it gets the time of a connection and an answer, or each answer of that
 * size would have the next server asked as well. From here on to be late says nothing: it waits for
 * more than one answer.
 */
static void
go_on_over_tcp(struct s53_exchange *exchange, uint64_t now_ms)
{
	const struct s53_upstream *upstream = exchange->endpoint->upstream;

	s53_count(exchange->exchanger->counters, S53_C_EXCHANGE_TCP_ON_TC);
	s53_flow_leave(exchange);
	s53_stream_send(exchange, now_ms);
	exchange->overdue_observed = true;
	if (exchange->overdue_ms == 0 || exchange->flow == NULL)
		return;
	if (s53_health_is_down(s53_upstream_path_state(upstream, S53_OVER_TCP))) {
		call_overdue(exchange, now_ms);
		return;
	}
	exchange->overdue_ms = now_ms + 2 * s53_upstream_hedge_ms(upstream);
	s53_exchange_arm(exchange, now_ms);
}

/*
 * check() does not believe it. That is garbage, unless it is an answer in other letter case, which
 * shows that the server lives.
 */
static void
unwanted(struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint64_t now_ms)
{
	if (exchange->lives)
		return;
	exchange->lives = s53_late_reply_other_case(exchange, octets, len);
	if (exchange->lives)
		s53_exchange_observe(exchange, S53_OBSERVED_ANSWERED, now_ms);
	else
		exchange->garbled = true;
}

void
s53_exchange_reply(struct s53_flow *flow, uint8_t *octets, size_t len, uint64_t now_ms)
{
	struct s53_exchanger *exchanger = flow->endpoint->exchanger;
	struct s53_exchange *exchange = NULL;

	if (len >= S53_HEADER_LEN && (s53_header_flags(octets) & S53_QR) != 0)
		exchange = s53_flow_find(flow, s53_header_id(octets));
	if (exchange == NULL) {
		s53_count(exchanger->counters, S53_C_EXCHANGE_STRAY);
		return;
	}
	if (exchange->overheard) {
		s53_late_reply_take(exchange, octets, len, now_ms);
		return;
	}
	if (!exchange->ask.check(exchange->ask.arg, exchange, octets, len)) {
		unwanted(exchange, octets, len, now_ms);
		return;
	}
	flow->used_ms = now_ms;
	s53_exchange_observe(exchange, S53_OBSERVED_ANSWERED, now_ms);
	if (exchange->on_tcp || (s53_header_flags(octets) & S53_TC) == 0)
		s53_exchange_finish(exchange, S53_EXCHANGE_ANSWERED, octets, len);
	else
		go_on_over_tcp(exchange, now_ms);
}

static void
on_timer(struct s53_timer *timer)
{
	struct s53_exchange *exchange = S53_CONTAINER_OF(timer, struct s53_exchange, timer);
	struct s53_exchanger *exchanger = exchange->exchanger;
	uint64_t now_ms = exchanger->wheel.now_ms;

	if (exchange->overdue_ms != 0 && exchange->overdue_ms < exchange->end_ms) {
		if (!exchange->hurried)
			s53_exchange_observe_overdue(exchange, now_ms);
		exchange->hurried = false;
		call_overdue(exchange, now_ms);
		return;
	}
	if (exchange->on_tcp && exchange->flow != NULL)
		s53_stream_doubt(exchange->flow, exchange->sent_ms);
	s53_count(exchanger->counters, S53_C_EXCHANGE_TIMEOUT);
	s53_exchange_observe_timeout(exchange, now_ms);
	s53_exchange_finish(exchange, S53_EXCHANGE_TIMEOUT, NULL, 0);
}

/*
 * A standstill is noticed by a timer that is overdue: see to it that one is always due soon while
 * exchanges are under way.
 */
static void
on_pulse(struct s53_timer *timer)
{
	struct s53_exchanger *exchanger = S53_CONTAINER_OF(timer, struct s53_exchanger, pulse);
	uint64_t now_ms = exchanger->wheel.now_ms;

	if (exchanger->pending > 0 || exchanger->late_reply_count > 0)
		s53_wheel_add(&exchanger->wheel, timer, now_ms + PULSE_MS, now_ms);
}

static struct s53_exchange *
exchange_object(struct s53_exchanger *exchanger)
{
	struct s53_link *spare = s53_list_pop(&exchanger->spare);

	if (spare == NULL)
		return malloc(sizeof(struct s53_exchange));
	exchanger->spare_count--;
	return exchange_of(spare);
}

static void
set_up(struct s53_exchange *exchange, struct s53_endpoint *endpoint,
    const struct s53_exchange_ask *ask, uint64_t now_ms)
{
	struct s53_exchanger *exchanger = endpoint->exchanger;

	s53_list_init(&exchange->link);
	s53_list_init(&exchange->queued);
	exchange->timer.back = NULL;
	exchange->timer.fire = on_timer;
	exchange->exchanger = exchanger;
	exchange->endpoint = endpoint;
	exchange->flow = NULL;
	exchange->ask = *ask;
	exchange->used = true;
	exchange->on_tcp = exchange->overdue_observed = false;
	exchange->hurried = false;
	exchange->garbled = exchange->lives = exchange->overheard = false;
	exchange->retries = 0;
	exchange->sent_ms = now_ms;
	exchange->overdue_ms = ask->overdue_ms != 0 ? now_ms + ask->overdue_ms : 0;
	exchange->end_ms = now_ms + ask->timeout_ms;
	exchanger->pending++;
	endpoint->exchanges++;
	s53_upstream_begin(endpoint->upstream);
	s53_exchange_arm(exchange, now_ms);
	if (exchanger->pulse.back == NULL)
		s53_wheel_add(&exchanger->wheel, &exchanger->pulse, now_ms + PULSE_MS, now_ms);
}

struct s53_exchange *
s53_exchange_start(struct s53_exchanger *exchanger, struct s53_upstream *upstream,
    const struct s53_exchange_ask *ask)
{
	struct s53_endpoint *endpoint = s53_endpoint_get(exchanger, upstream);
	struct s53_exchange *exchange;
	uint64_t now_ms = ask->now_ms != 0 ? ask->now_ms : s53_clock_ms();

	S53_ASSERT(ask->len >= S53_HEADER_LEN);
	if (endpoint == NULL || (exchange = exchange_object(exchanger)) == NULL)
		return NULL; /* a endpoint without work goes by itself */
	set_up(exchange, endpoint, ask, now_ms);
	if (ask->tcp || s53_upstream_options(upstream)->tcp_only || ask->len > S53_UDP_QUESTION_MAX)
		s53_stream_send(exchange, now_ms);
	else
		s53_udp_send(exchange, now_ms);
	return exchange;
}

void
s53_exchange_later(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint32_t overdue_ms)
{
	uint64_t now_ms = s53_clock_ms();

	S53_ASSERT(exchange->used && exchange->exchanger == exchanger);
	/* Until overdue() is called: hurrying twice makes it no later. */
	exchange->hurried = exchange->hurried || now_ms + overdue_ms < exchange->overdue_ms;
	exchange->overdue_ms = now_ms + overdue_ms;
	if (exchange->flow != NULL) /* else it has failed, which is told soon */
		s53_exchange_arm(exchange, now_ms);
}

void
s53_exchange_cancel(struct s53_exchanger *exchanger, struct s53_exchange *exchange)
{
	S53_ASSERT(exchange->used && exchange->exchanger == exchanger);
	if (s53_late_reply_await(exchange))
		return;
	detach(exchange);
	s53_exchange_recycle(exchange);
}

/* Tell those that were put aside until now; those that come meanwhile have the next turn. */
static void
tell_failures(struct s53_exchanger *exchanger)
{
	struct s53_link now, *link;

	if (s53_list_empty(&exchanger->failed))
		return;
	s53_list_push(&exchanger->failed, &now); /* `now` takes the head's place */
	s53_list_remove(&exchanger->failed);
	while ((link = s53_list_pop(&now)) != NULL) {
		struct s53_exchange *exchange = exchange_of(link);

		s53_exchange_finish(exchange, exchange->end, NULL, 0);
	}
}

static void
on_deferred(evutil_socket_t fd, short what, void *arg)
{
	struct s53_exchanger *exchanger = arg;

	(void)fd;
	(void)what;
	exchanger->deferred_active = false;
	s53_wheel_see(&exchanger->wheel, s53_clock_ms());
	s53_udp_flush(exchanger);
	tell_failures(exchanger);
}

void
s53_exchanger_defer(struct s53_exchanger *exchanger)
{
	if (exchanger->deferred_active)
		return;
	exchanger->deferred_active = true;
	event_active(&exchanger->deferred, EV_TIMEOUT, 0);
}

/*
 * The endpoints to one server, one in each worker, together take at most a sixteenth of all
 * descriptors: clients need some too.
 */
unsigned
s53_exchanger_sockets_max(void)
{
	unsigned workers = atomic_load_explicit(&exchangers, memory_order_relaxed);
	struct rlimit limit;
	rlim_t share;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return SOCKETS_MIN;
	share = limit.rlim_cur / 16 / (workers > 0 ? workers : 1);
	return share > SOCKETS_MAX ? SOCKETS_MAX
	    : share < SOCKETS_MIN  ? SOCKETS_MIN
				   : (unsigned)share;
}

struct s53_exchanger *
s53_exchanger_new(struct event_base *base, struct s53_counters *counters)
{
	struct s53_exchanger *exchanger = calloc(1, sizeof(*exchanger));

	if (exchanger == NULL)
		return NULL;
	exchanger->base = base;
	exchanger->counters = counters;
	s53_list_init(&exchanger->dirty);
	s53_list_init(&exchanger->failed);
	s53_list_init(&exchanger->overheard);
	exchanger->pulse.fire = on_pulse;
	s53_list_init(&exchanger->spare);
	s53_list_init(&exchanger->spare_sockets);
	for (unsigned i = 0; i < S53_ENDPOINT_BUCKETS; i++)
		s53_list_init(&exchanger->endpoints[i]);
	if (!s53_wheel_init(&exchanger->wheel, base) ||
	    event_assign(&exchanger->deferred, base, -1, 0, on_deferred, exchanger) != 0) {
		free(exchanger);
		return NULL;
	}
	atomic_fetch_add_explicit(&exchangers, 1, memory_order_relaxed);
	return exchanger;
}

void
s53_exchanger_free(struct s53_exchanger *exchanger)
{
	struct s53_link *link;

	if (exchanger == NULL)
		return;
	S53_ASSERT(exchanger->pending == 0);
	while (!s53_list_empty(&exchanger->overheard))
		s53_late_reply_forget(
		    S53_CONTAINER_OF(exchanger->overheard.next, struct s53_exchange, queued));
	for (unsigned i = 0; i < S53_ENDPOINT_BUCKETS; i++) {
		while ((link = s53_list_pop(&exchanger->endpoints[i])) != NULL)
			s53_endpoint_free(S53_CONTAINER_OF(link, struct s53_endpoint, link));
	}
	while ((link = s53_list_pop(&exchanger->spare)) != NULL)
		free(exchange_of(link));
	while ((link = s53_list_pop(&exchanger->spare_sockets)) != NULL)
		free(S53_CONTAINER_OF(link, struct s53_socket, spare));
	s53_wheel_fini(&exchanger->wheel);
	event_del(&exchanger->deferred);
	s53_batch_free(exchanger->batch);
	free(exchanger);
	atomic_fetch_sub_explicit(&exchangers, 1, memory_order_relaxed);
}

uint64_t
s53_exchanger_now_ms(const struct s53_exchanger *exchanger)
{
	return exchanger->wheel.now_ms;
}

void
s53_exchanger_timer(
    struct s53_exchanger *exchanger, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms)
{
	s53_wheel_add(&exchanger->wheel, timer, due_ms, now_ms);
}

void
s53_exchanger_timer_cancel(struct s53_exchanger *exchanger, struct s53_timer *timer)
{
	s53_wheel_cancel(&exchanger->wheel, timer);
}
