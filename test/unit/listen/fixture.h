/* SPDX-License-Identifier: ISC
 *
 * fixture.h - a fake resolver, and clients on loopback sockets, for the tests of listen.
 *
 * The listeners run in a libevent base that the test turns itself, in its own thread: queries are
 * served by turn(), and nothing happens between two calls.
 */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include <split53/clock.h>
#include <split53/header.h>
#include <split53/listen.h>

#define LOOPBACK "127.0.0.1"
#define QUERY_LEN 32
#define PATIENCE_MS 5000

struct held {
	struct s53_client client;
	uint8_t id[2];
};

/* Echoes each message at once or, with `later`, when release() or forget() is called. */
struct s53_resolver {
	bool (*silent)(unsigned id); /* optional: true for messages to be dropped */
	size_t (*len_of)(unsigned id); /* optional: length of the reply */
	unsigned batch_most; /* the largest number so far */
	unsigned wake_at; /* taking this many completes the held queries */
	bool later;
	bool keepalive; /* as if each client had sent the option of RFC 7828 */
	size_t reply_len; /* 0: as long as the query */
	unsigned taken;
	size_t last_len;
	struct s53_client last;
	struct held *held;
	unsigned held_count;
};

struct fixture {
	struct event_base *base;
	struct s53_resolver resolver;
	struct s53_counters counters;
	struct s53_tcp_limits limits;
	struct s53_listen_context *context;
	struct s53_addr addr; /* the address of the listener */
};

static inline void
reply(struct s53_resolver *resolver, struct held *held, size_t len)
{
	uint8_t *room;

	if (resolver->len_of != NULL)
		len = resolver->len_of(s53_u16_get(held->id));
	room = held->client.ops->room(&held->client, len);
	if (room == NULL) {
		held->client.ops->drop(&held->client);
		return;
	}
	memset(room, held->id[1], len);
	if (len >= 2)
		memcpy(room, held->id, 2);
	held->client.keepalive = resolver->keepalive;
	held->client.ops->send(&held->client, len);
}

static inline void release_all(struct s53_resolver *resolver);

static void
take_one(struct s53_resolver *resolver, const struct s53_client *client, const uint8_t *octets,
    size_t len)
{
	struct held held = { .client = *client };

	resolver->taken++;
	resolver->last_len = len;
	resolver->last = *client;
	if (resolver->taken == resolver->wake_at)
		release_all(resolver);
	if (len >= 2)
		memcpy(held.id, octets, 2);
	if (resolver->silent != NULL && resolver->silent(s53_u16_get(held.id))) {
		held.client.ops->drop(&held.client);
		return;
	}
	if (!resolver->later) {
		reply(resolver, &held, resolver->reply_len != 0 ? resolver->reply_len : len);
		return;
	}
	resolver->held =
	    realloc(resolver->held, (resolver->held_count + 1) * sizeof(*resolver->held));
	assert_non_null(resolver->held);
	resolver->held[resolver->held_count++] = held;
}

void
s53_resolver_received(struct s53_resolver *resolver, uint64_t at_ns)
{
	(void)resolver;
	(void)at_ns;
}

void
s53_resolver_take_batch(struct s53_resolver *resolver, const struct s53_arrival *arrivals,
    unsigned count, uint64_t now_ms)
{
	(void)now_ms;
	if (resolver->batch_most < count)
		resolver->batch_most = count;
	for (unsigned i = 0; i < count; i++)
		take_one(resolver, arrivals[i].client, arrivals[i].octets, arrivals[i].len);
}

/* Answer the `n`th query held; the others keep their positions. */
static inline void
release(struct s53_resolver *resolver, unsigned n)
{
	reply(resolver, &resolver->held[n],
	    resolver->reply_len != 0 ? resolver->reply_len : QUERY_LEN);
}

static inline void
release_all(struct s53_resolver *resolver)
{
	unsigned count = resolver->held_count;
	struct held *held = resolver->held;

	/* Answering a query may let the next one be taken. */
	resolver->held = NULL;
	resolver->held_count = 0;
	for (unsigned i = 0; i < count; i++)
		reply(
		    resolver, &held[i], resolver->reply_len != 0 ? resolver->reply_len : QUERY_LEN);
	free(held);
}

static inline void
forget_all(struct s53_resolver *resolver)
{
	for (unsigned i = 0; i < resolver->held_count; i++)
		resolver->held[i].client.ops->drop(&resolver->held[i].client);
	free(resolver->held);
	resolver->held = NULL;
	resolver->held_count = 0;
}

static inline void
fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->base = event_base_new();
	assert_non_null(f->base);
	atomic_store(&f->limits.clients_max, 150);
	atomic_store(&f->limits.initial_ms, 30000);
	atomic_store(&f->limits.idle_ms, 30000);
	atomic_store(&f->limits.keepalive_ms, 30000);
	f->context = s53_listen_context_new(f->base, &f->resolver, &f->counters, &f->limits);
	assert_non_null(f->context);
}

static inline void
fixture_fini(struct fixture *f)
{
	free(f->resolver.held);
	assert_int_equal(atomic_load(&f->limits.clients), 0);
	s53_listen_context_free(f->context); /* asserts that no listener is left */
	s53_tcp_limits_fini(&f->limits);
	event_base_free(f->base);
}

/*
 * Not 0: the time by the listener's clock, which goes on by a millisecond for each turn. It never
 * goes faster than the real one, by which timers fire, so that nothing is late on a busy machine.
 */
static uint64_t turned_ms;

static inline void
turn(struct fixture *f)
{
	if (turned_ms != 0) {
		usleep(1000);
		s53_clock_test_set(++turned_ms);
	}
	assert_true(event_base_loop(f->base, EVLOOP_NONBLOCK) >= 0);
}

static inline uint64_t
real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Turn the loop until `condition` is true or a long time has passed. */
#define TURN_UNTIL(f, condition)                              \
	do {                                                  \
		uint64_t end_ms_ = real_ms() + PATIENCE_MS;   \
		while (!(condition) && real_ms() < end_ms_) { \
			turn(f);                              \
			usleep(200);                          \
		}                                             \
		assert_true(condition);                       \
	} while (0)

/* Turn the loop for a while in which nothing must happen. */
static inline void
turn_for(struct fixture *f, unsigned ms)
{
	uint64_t end_ms = s53_clock_ms() + ms;

	while (s53_clock_ms() < end_ms) {
		turn(f);
		usleep(200);
	}
}

static inline struct s53_addr
parse_addr(const char *text, uint16_t port)
{
	struct s53_addr addr;

	assert_int_equal(s53_addr_parse(text, port, &addr), S53_OK);
	return addr;
}

/* IPv6 is disabled in many containers. */
static inline bool
has_ipv6(void)
{
	struct s53_addr addr = parse_addr("::1", 0);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, &addr.sa, s53_addr_len(&addr)) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

/* A socket of s53_socket_open() at a free port of `text`; its address is stored in f->addr. */
static inline int
open_socket(struct fixture *f, const char *text, enum s53_transport kind)
{
	struct s53_addr addr = parse_addr(text, 0);
	socklen_t len = sizeof(f->addr);
	int fd = -1;

	assert_int_equal(s53_socket_open(&addr, kind, 128, &fd), S53_OK);
	assert_int_equal(getsockname(fd, &f->addr.sa, &len), 0);
	return fd;
}

/* A blocking client socket that is connected to `to`. */
static inline int
connect_to(const struct s53_addr *to, int type)
{
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	int fd = socket(to->family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, &to->sa, s53_addr_len(to)), 0);
	return fd;
}
