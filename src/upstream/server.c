/* SPDX-License-Identifier: ISC
 *
 * server.c - the registry of servers, and how each does.
 *
 * What is known of a server's health, each a number that workers read and write without a lock; two
 * that write at once may lose one sample, which is as good as one that never came:
 *
 *   rtt      smoothed round-trip time and its variation by RFC 6298 s2, in one word
 *   streak   signs of trouble since the last answer; a time-out or refusal is TROUBLE at once, two
 *            late answers in a row are
 *   failed   share of answers whose rcode led elsewhere, as ms that choosing adds to the RTT
 *   trial_ms when one query may see how it does: after a second in trouble, after 5 s without an
 *            answer, at once while nothing is known. So trouble ends with the first answer, and no
 *            more than a query a second is spent on a server that is gone.
 */
#include "server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <split53/list.h>

#define TROUBLE 2 /* of streak */
#define STREAK_MAX 1000
#define TRIAL_TROUBLE_MS 1000
#define TRIAL_QUIET_MS 5000
#define LATE_MIN_MS 20
#define LATE_MAX_MS 250
#define FAILED_MS 250 /* what a server whose every answer leads elsewhere costs */
#define RTT_MAX_MS 60000

struct s53_registry {
	pthread_mutex_t lock; /* over the list and all counts */
	struct s53_link servers;
	bool closed; /* goes with its last server */
};

struct s53_upstream {
	struct s53_registry *registry;
	struct s53_link link;
	unsigned count;
	struct s53_addr addr;
	struct s53_upstream_options options;
	/* Apart from what never changes, so that workers do not fight over its cache line. */
	_Alignas(64) _Atomic uint64_t rtt; /* 8 x smoothed << 32 | 4 x variation; 0: unknown */
	_Atomic uint32_t streak;
	_Atomic uint32_t failed; /* 8 x ms */
	_Atomic uint64_t trial_ms;
};

struct s53_registry *
s53_registry_new(void)
{
	struct s53_registry *registry = calloc(1, sizeof(*registry));

	if (registry == NULL)
		return NULL;
	if (pthread_mutex_init(&registry->lock, NULL) != 0) {
		free(registry);
		return NULL;
	}
	s53_list_init(&registry->servers);
	return registry;
}

static void
registry_destroy(struct s53_registry *registry)
{
	pthread_mutex_destroy(&registry->lock);
	free(registry);
}

void
s53_registry_free(struct s53_registry *registry)
{
	bool empty;

	if (registry == NULL)
		return;
	pthread_mutex_lock(&registry->lock);
	registry->closed = true;
	empty = s53_list_empty(&registry->servers);
	pthread_mutex_unlock(&registry->lock);
	if (empty)
		registry_destroy(registry);
}

static void
fill_in(struct s53_upstream_options *options, const struct s53_addr *addr)
{
	if (options->edns_udp_size == 0)
		options->edns_udp_size = s53_addr_is_loopback(addr) ? S53_UPSTREAM_LOOPBACK_SIZE
								    : S53_UPSTREAM_OFFHOST_SIZE;
}

static bool
is_same(const struct s53_upstream *upstream, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	const struct s53_upstream_options *own = &upstream->options;

	return s53_addr_equal(&upstream->addr, addr) && own->edns == options->edns &&
	    own->tcp_only == options->tcp_only && own->edns_udp_size == options->edns_udp_size &&
	    own->source.family == options->source.family &&
	    (own->source.family == AF_UNSPEC || s53_addr_same_host(&own->source, &options->source));
}

static struct s53_upstream *
find(struct s53_registry *registry, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	S53_LIST_EACH (&registry->servers, it) {
		struct s53_upstream *upstream = S53_CONTAINER_OF(it, struct s53_upstream, link);

		if (is_same(upstream, addr, options))
			return upstream;
	}
	return NULL;
}

static struct s53_upstream *
upstream_new(const struct s53_addr *addr, const struct s53_upstream_options *options)
{
	struct s53_upstream *upstream = aligned_alloc(64, sizeof(*upstream));

	if (upstream == NULL)
		return NULL;
	*upstream = (struct s53_upstream){ .addr = *addr, .options = *options };
	return upstream;
}

struct s53_upstream *
s53_registry_get(struct s53_registry *registry, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	struct s53_upstream_options filled = *options;
	struct s53_upstream *upstream;

	fill_in(&filled, addr);
	pthread_mutex_lock(&registry->lock);
	upstream = find(registry, addr, &filled);
	if (upstream == NULL && (upstream = upstream_new(addr, &filled)) != NULL) {
		upstream->registry = registry;
		s53_list_append(&registry->servers, &upstream->link);
	}
	if (upstream != NULL)
		upstream->count++;
	pthread_mutex_unlock(&registry->lock);
	return upstream;
}

struct s53_upstream *
s53_upstream_keep(struct s53_upstream *upstream)
{
	pthread_mutex_lock(&upstream->registry->lock);
	upstream->count++;
	pthread_mutex_unlock(&upstream->registry->lock);
	return upstream;
}

void
s53_upstream_drop(struct s53_upstream *upstream)
{
	struct s53_registry *registry;
	bool last, empty;

	if (upstream == NULL)
		return;
	registry = upstream->registry;
	pthread_mutex_lock(&registry->lock);
	last = --upstream->count == 0;
	if (last)
		s53_list_remove(&upstream->link);
	empty = last && registry->closed && s53_list_empty(&registry->servers);
	pthread_mutex_unlock(&registry->lock);
	if (last)
		free(upstream);
	if (empty)
		registry_destroy(registry);
}

const struct s53_addr *
s53_upstream_addr(const struct s53_upstream *upstream)
{
	return &upstream->addr;
}

const struct s53_upstream_options *
s53_upstream_options(const struct s53_upstream *upstream)
{
	return &upstream->options;
}

/* Write only what changes: the other workers keep their copy of the cache line. */
static void
set32(_Atomic uint32_t *at, uint32_t value)
{
	if (atomic_load_explicit(at, memory_order_relaxed) != value)
		atomic_store_explicit(at, value, memory_order_relaxed);
}

static uint32_t
get32(const _Atomic uint32_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

/*
 * RFC 6298 s2.2, s2.3 with alpha 1/8 and beta 1/4, on scaled whole numbers as in Jacobson's
 * paper.
 */
static void
sample_rtt(struct s53_upstream *upstream, uint32_t rtt_ms)
{
	uint64_t was = atomic_load_explicit(&upstream->rtt, memory_order_relaxed);
	uint32_t rtt = rtt_ms < RTT_MAX_MS ? rtt_ms : RTT_MAX_MS;
	uint32_t smoothed = (uint32_t)(was >> 32), variation = (uint32_t)was;
	uint64_t is;

	if (was == 0) {
		smoothed = 8 * rtt;
		variation = 2 * rtt;
	} else {
		uint32_t mean = smoothed / 8;

		variation += (rtt > mean ? rtt - mean : mean - rtt);
		variation -= variation / 4;
		smoothed += rtt;
		smoothed -= smoothed / 8;
	}
	is = (uint64_t)smoothed << 32 | (variation > 0 ? variation : 1); /* never "unknown" */
	if (is != was)
		atomic_store_explicit(&upstream->rtt, is, memory_order_relaxed);
}

static void
answered(struct s53_upstream *upstream, uint32_t rtt_ms, uint64_t now_ms)
{
	uint64_t trial_ms = now_ms + TRIAL_QUIET_MS;
	uint64_t was = atomic_load_explicit(&upstream->trial_ms, memory_order_relaxed);
	uint32_t failed = get32(&upstream->failed);

	sample_rtt(upstream, rtt_ms);
	set32(&upstream->streak, 0);
	set32(&upstream->failed, failed - (failed + 7) / 8);
	if (was + 1000 < trial_ms) /* once a second is enough */
		atomic_store_explicit(&upstream->trial_ms, trial_ms, memory_order_relaxed);
}

static void
trouble(struct s53_upstream *upstream, uint32_t weight, uint64_t now_ms)
{
	uint32_t streak = get32(&upstream->streak);

	if (streak < TROUBLE && streak + weight >= TROUBLE)
		atomic_store_explicit(
		    &upstream->trial_ms, now_ms + TRIAL_TROUBLE_MS, memory_order_relaxed);
	if (streak < STREAK_MAX)
		set32(&upstream->streak, streak + weight);
}

void
s53_upstream_note(
    struct s53_upstream *upstream, enum s53_upstream_event event, uint32_t rtt_ms, uint64_t now_ms)
{
	switch (event) {
	case S53_UPSTREAM_ANSWERED:
		answered(upstream, rtt_ms, now_ms);
		break;
	case S53_UPSTREAM_TIMEOUT:
	case S53_UPSTREAM_UNREACHABLE:
		trouble(upstream, TROUBLE, now_ms);
		break;
	case S53_UPSTREAM_LATE:
		trouble(upstream, 1, now_ms);
		break;
	case S53_UPSTREAM_FAILED:
		set32(&upstream->failed,
		    get32(&upstream->failed) - get32(&upstream->failed) / 8 + FAILED_MS);
		break;
	}
}

uint32_t
s53_upstream_late_ms(const struct s53_upstream *upstream)
{
	uint64_t rtt = atomic_load_explicit(&upstream->rtt, memory_order_relaxed);
	uint32_t late_ms = (uint32_t)(rtt >> 32) / 8 + (uint32_t)rtt; /* RFC 6298: SRTT + 4 VAR */

	if (rtt == 0 || late_ms > LATE_MAX_MS)
		return LATE_MAX_MS;
	return late_ms < LATE_MIN_MS ? LATE_MIN_MS : late_ms;
}

uint32_t
s53_upstream_cost(const struct s53_upstream *upstream)
{
	uint64_t rtt = atomic_load_explicit(&upstream->rtt, memory_order_relaxed);

	return (uint32_t)(rtt >> 32) + get32(&upstream->failed); /* both 8 x ms */
}

bool
s53_upstream_is_good(const struct s53_upstream *upstream)
{
	return get32(&upstream->streak) < TROUBLE &&
	    atomic_load_explicit(&upstream->rtt, memory_order_relaxed) != 0;
}

bool
s53_upstream_was_asked(const struct s53_upstream *upstream)
{
	return get32(&upstream->streak) != 0 ||
	    atomic_load_explicit(&upstream->rtt, memory_order_relaxed) != 0;
}

bool
s53_upstream_trial_is_due(const struct s53_upstream *upstream, uint64_t now_ms)
{
	return now_ms >= atomic_load_explicit(&upstream->trial_ms, memory_order_relaxed);
}

bool
s53_upstream_claim_trial(struct s53_upstream *upstream, uint64_t now_ms)
{
	uint64_t trial_ms = atomic_load_explicit(&upstream->trial_ms, memory_order_relaxed);

	return now_ms >= trial_ms &&
	    atomic_compare_exchange_strong_explicit(&upstream->trial_ms, &trial_ms,
		now_ms + TRIAL_TROUBLE_MS, memory_order_relaxed, memory_order_relaxed);
}
