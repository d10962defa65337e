/* SPDX-License-Identifier: ISC
 *
 * exchange_fixture.h - an exchanger, a fake server, and queries that record what becomes of them.
 */
#pragma once

#include "exchange_inside.h"
#include "fake_server.h"

#include <stdio.h>
#include <time.h>

#include <split53/clock.h>
#include <split53/exchange.h>

struct asked {
	struct fixture *fixture;
	struct s53_exchange *exchange; /* NULL: ended or cancelled */
	uint8_t question[64];
	size_t question_len;
	unsigned checks, overdues, ends;
	enum s53_exchange_end end;
	uint8_t answer[4096];
	size_t answer_len;
	void (*on_overdue)(struct asked *asked);
	void (*on_done)(struct asked *asked);
};

struct fixture {
	struct event_base *base;
	struct s53_counters counters;
	struct s53_registry *registry;
	struct s53_exchanger *exchanger;
	struct fake_server server;
	struct s53_upstream *upstream; /* the fake server */
	struct fake_query kept[128]; /* by keep_query() */
	unsigned kept_count;
	unsigned ended; /* exchanges that have ended */
	unsigned serial;
};

static inline uint64_t
real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline struct s53_upstream *
upstream_at(struct fixture *f, const struct s53_addr *addr)
{
	struct s53_upstream_options options = { .edns = true };

	return s53_registry_get(f->registry, addr, &options);
}

static inline void
fixture_start_at(struct fixture *f, const char *host, void (*on_query)(struct fake_query *))
{
	memset(f, 0, sizeof(*f));
	observation_count = 0;
	f->base = event_base_new();
	f->registry = s53_registry_new();
	f->exchanger = s53_exchanger_new(f->base, &f->counters);
	assert_non_null(f->exchanger);
	fake_server_start(&f->server, f->base, host, on_query);
	f->server.arg = f;
	f->upstream = upstream_at(f, &f->server.addr);
}

static inline void
fixture_start(struct fixture *f, void (*on_query)(struct fake_query *))
{
	fixture_start_at(f, "127.0.0.1", on_query);
}

/* From now on queries go to the fake server with these options. */
static inline void
fixture_options(struct fixture *f, const struct s53_upstream_options *options)
{
	s53_upstream_drop(f->upstream);
	f->upstream = s53_registry_get(f->registry, &f->server.addr, options);
}

static inline void
fixture_stop(struct fixture *f)
{
	s53_clock_test_set(UINT64_MAX);
	assert_int_equal(f->exchanger->pending, 0);
	s53_exchanger_free(f->exchanger);
	fake_server_stop(&f->server);
	s53_upstream_drop(f->upstream);
	s53_registry_free(f->registry);
	event_base_free(f->base);
}

static inline uint64_t
counted(const struct fixture *f, enum s53_counter counter)
{
	return s53_counter_read(&f->counters, counter);
}

/* Whether the part after the header is the question of the query. */
static inline enum s53_validity
asked_check(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	struct asked *asked = arg;

	(void)exchange;
	asked->checks++;
	return len >= asked->question_len && (s53_header_flags(octets) & S53_QR) != 0 &&
		memcmp(octets + S53_HEADER_LEN, asked->question + S53_HEADER_LEN,
		    asked->question_len - S53_HEADER_LEN) == 0
	    ? S53_VALIDITY_ACCEPTED
	    : S53_VALIDITY_REJECTED;
}

static inline void
asked_overdue(void *arg, struct s53_exchange *exchange)
{
	struct asked *asked = arg;

	assert_ptr_equal(asked->exchange, exchange);
	asked->overdues++;
	if (asked->on_overdue != NULL)
		asked->on_overdue(asked);
}

static inline void
asked_done(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets,
    size_t len)
{
	struct asked *asked = arg;

	assert_ptr_equal(asked->exchange, exchange);
	asked->exchange = NULL;
	asked->ends++;
	asked->end = end;
	asked->fixture->ended++;
	assert_true((end == S53_EXCHANGE_ANSWERED) == (octets != NULL));
	if (octets != NULL) {
		asked->answer_len = len < sizeof(asked->answer) ? len : sizeof(asked->answer);
		memcpy(asked->answer, octets, asked->answer_len);
		octets[0] ^= 0xff; /* the caller may write to it */
	}
	if (asked->on_done != NULL)
		asked->on_done(asked);
}

/* A query for a name of its own: qNNNNNNN.test. A IN */
static inline void
asked_init(struct fixture *f, struct asked *asked)
{
	static const uint8_t tail[] = { 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1 };
	uint8_t *at = asked->question;

	memset(asked, 0, sizeof(*asked));
	asked->fixture = f;
	s53_header_set_flags(at, S53_RD);
	s53_header_set_count(at, S53_QUESTION, 1);
	at[S53_HEADER_LEN] = 8;
	(void)snprintf((char *)at + S53_HEADER_LEN + 1, 9, "q%07u", f->serial++ % 10000000);
	memcpy(at + S53_HEADER_LEN + 9, tail, sizeof(tail));
	asked->question_len = S53_HEADER_LEN + 9 + sizeof(tail);
}

static inline struct s53_exchange_spec
asked_ask(struct asked *asked)
{
	return (struct s53_exchange_spec){ .octets = asked->question,
		.len = (uint16_t)asked->question_len,
		.timeout_ms = 5000,
		.arg = asked,
		.check = asked_check,
		.overdue = asked_overdue,
		.done = asked_done };
}

static inline void
asked_start(struct asked *asked, const struct s53_exchange_spec *ask)
{
	asked->exchange =
	    s53_exchange_start(asked->fixture->exchanger, asked->fixture->upstream, ask);
	assert_non_null(asked->exchange);
	assert_int_equal(asked->ends, 0); /* done() is never called from within the call */
}

static inline void
ask_udp(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	asked_start(asked, &ask);
}

static inline void
ask_tcp(struct fixture *f, struct asked *asked)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.tcp = true;
	asked_start(asked, &ask);
}

/* Over UDP, overdue after `overdue_ms`. */
static inline void
ask_overdue(struct fixture *f, struct asked *asked, uint32_t overdue_ms)
{
	struct s53_exchange_spec ask;

	asked_init(f, asked);
	ask = asked_ask(asked);
	ask.overdue_ms = overdue_ms;
	asked_start(asked, &ask);
}

static inline void
asked_cancel(struct asked *asked)
{
	s53_exchange_cancel(asked->fixture->exchanger, asked->exchange);
	asked->exchange = NULL;
}

static inline void
nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* The server keeps the query; the test replies to it. */
static inline void
keep_query(struct fake_query *query)
{
	struct fixture *f = query->server->arg;

	assert_true(f->kept_count < sizeof(f->kept) / sizeof(f->kept[0]));
	f->kept[f->kept_count++] = *query;
}

/* Run the loop until *value is `wanted`; fail after 5 s. */
static inline void
run_until(struct fixture *f, const unsigned *value, unsigned wanted)
{
	struct event *guard = event_new(f->base, -1, EV_PERSIST, nothing, NULL);
	struct timeval step = { 0, 10000 };
	uint64_t give_up_ms = real_ms() + 5000;

	event_add(guard, &step);
	while (*value != wanted && real_ms() < give_up_ms)
		event_base_loop(f->base, EVLOOP_ONCE);
	event_free(guard);
	assert_int_equal(*value, wanted);
}

/* Run the loop until no event is ready. */
static inline void
run_ready(struct fixture *f)
{
	for (unsigned i = 0; i < 20; i++)
		event_base_loop(f->base, EVLOOP_NONBLOCK);
}

/* Set the exchanger's time to `now_ms` and fire the timers that are due by then. */
static inline void
time_is(struct fixture *f, uint64_t now_ms)
{
	s53_clock_test_set(now_ms);
	s53_wheel_run(&f->exchanger->wheel, now_ms);
	run_ready(f);
}

static inline struct s53_endpoint *
only_endpoint(const struct fixture *f)
{
	struct s53_endpoint *endpoint = NULL;

	assert_int_equal(endpoints(f->exchanger, &endpoint), 1);
	return endpoint;
}
