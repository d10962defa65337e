/* SPDX-License-Identifier: ISC
 *
 * server_fixture.h - one server of a registry, and observations of it.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/log.h>

#include "upstream/server.h"

#define START_MS 1000000

struct fixture {
	struct s53_registry *registry;
	struct s53_upstream *server;
	uint64_t now_ms;
};

static inline struct s53_upstream *
get(struct s53_registry *registry, const char *addr)
{
	struct s53_upstream_options options = { .edns = true };
	struct s53_addr parsed;

	assert_int_equal(s53_addr_parse(addr, 53, &parsed), S53_OK);
	return s53_registry_get(registry, &parsed, &options);
}

static inline struct fixture
fixture_new(void)
{
	struct fixture f = { .registry = s53_registry_new(), .now_ms = START_MS };

	s53_clock_test_set(START_MS);
	f.server = get(f.registry, "192.0.2.1");
	return f;
}

static inline void
fixture_free(struct fixture *f)
{
	s53_upstream_drop(f->server);
	s53_registry_free(f->registry);
	s53_clock_test_set(UINT64_MAX);
}

static inline void
observe(struct fixture *f, enum s53_protocol over, enum s53_observed event, uint32_t waited_ms)
{
	struct s53_observation observation = { event, over, waited_ms, 0 };

	s53_upstream_observe(f->server, observation, f->now_ms);
}

static inline void
answers(struct fixture *f, uint32_t rtt_ms)
{
	f->now_ms += rtt_ms + 1;
	observe(f, S53_OVER_UDP, S53_OBSERVED_ANSWERED, rtt_ms);
}
