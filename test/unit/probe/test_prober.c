/* SPDX-License-Identifier: ISC
 *
 * test_prober.c - the prober together with the plan, with servers on loopback.
 *
 * The module itself is included, so that its timer can be read instead of waited for.
 * test_probe_run.c tests single probes, test_probing.c the plan.
 */
#include "unit/transport/fake_server.h"

#include <pthread.h>

#include "probe/prober.c"

#define TIMEOUT_MS 100

struct fixture {
	struct event_base *base;
	struct fake_server server;
	struct s53_registry *registry;
	struct s53_upstream *upstream;
	struct s53_health_check check;
	struct s53_prober *prober;
	struct event *guard;
};

static struct s53_upstream *
add_server(struct fixture *f, const struct s53_addr *addr)
{
	struct s53_upstream_options options = { .edns = true };
	struct s53_upstream *upstream = s53_registry_get(f->registry, addr, &options);

	assert_non_null(upstream);
	s53_upstream_set_check(upstream, &f->check);
	return upstream;
}

static void
nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static int
set_up(void **arg)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct s53_name apex;

	assert_non_null(f);
	f->base = event_base_new();
	f->guard = event_new(f->base, -1, EV_PERSIST, nothing, NULL);
	fake_server_start(&f->server, f->base, "127.0.0.1", fake_answer);
	f->registry = s53_registry_new();
	assert_int_equal(s53_name_parse("consul.", &apex), S53_OK);
	s53_health_check_init(&f->check, &apex);
	f->check.timeout_ms = TIMEOUT_MS;
	f->upstream = add_server(f, &f->server.addr);
	f->prober = s53_prober_new(f->base, f->registry);
	assert_non_null(f->prober);
	*arg = f;
	return 0;
}

static int
tear_down(void **arg)
{
	struct fixture *f = *arg;

	s53_prober_free(f->prober);
	fake_server_stop(&f->server);
	s53_upstream_drop(f->upstream);
	s53_registry_free(f->registry);
	event_free(f->guard);
	event_base_free(f->base);
	free(f);
	return 0;
}

static void
observe(struct fixture *f, enum s53_observed event)
{
	struct s53_observation observation = { event, S53_OVER_UDP, 1, 0 };

	s53_upstream_observe(f->upstream, observation, s53_clock_ms());
}

static void
become_suspect(struct fixture *f)
{
	observe(f, S53_OBSERVED_OVERDUE);
	observe(f, S53_OBSERVED_OVERDUE);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_SUSPECT);
}

static struct s53_health_report
report(const struct fixture *f, enum s53_protocol over)
{
	struct s53_upstream_report out;

	s53_upstream_report(f->upstream, &out, s53_clock_ms());
	return out.path[over];
}

/* Run the loop until `reached`, for at most `ms`. */
static bool
run(struct fixture *f, bool (*reached)(struct fixture *f), uint64_t ms)
{
	struct timeval step = { 0, 5000 };
	uint64_t give_up_ms = s53_clock_ms() + ms;

	event_add(f->guard, &step);
	while (!reached(f) && s53_clock_ms() < give_up_ms)
		event_base_loop(f->base, EVLOOP_ONCE);
	event_del(f->guard);
	return reached(f);
}

static bool
is_up(struct fixture *f)
{
	return s53_upstream_path_state(f->upstream, S53_OVER_UDP) == S53_HEALTH_UP;
}

static bool
is_stalled(struct fixture *f)
{
	return s53_upstream_path_state(f->upstream, S53_OVER_UDP) == S53_HEALTH_STALLED;
}

static bool
is_probed(struct fixture *f)
{
	return f->server.udp_queries + f->server.tcp_queries > 0;
}

static bool
is_quiet(struct fixture *f)
{
	return s53_list_empty(&f->prober->running);
}

/* Only the fake server's sockets, the prober's descriptor and the test's own timer are armed. */
static bool
is_idle(struct fixture *f)
{
	int own = event_pending(f->guard, EV_TIMEOUT, NULL) != 0;

	return event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED) == 2 + 1 + own;
}

static void
with_healthy_servers_no_timer_is_armed(void **arg)
{
	struct fixture *f = *arg;

	observe(f, S53_OBSERVED_ANSWERED);
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_int_equal(f->prober->next_ms, UINT64_MAX);
	assert_false(event_pending(&f->prober->due, EV_TIMEOUT, NULL));
	assert_true(is_idle(f));
	assert_false(is_probed(f));
}

static void
a_server_that_only_seemed_down_is_up_again_at_once(void **arg)
{
	struct fixture *f = *arg;

	observe(f, S53_OBSERVED_REFUSED);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_DOWN);
	assert_true(run(f, is_up, 900)); /* within an interval */
	assert_true(run(f, is_quiet, 900));
	assert_true(report(f, S53_OVER_TCP).asked);
	assert_int_equal(f->prober->next_ms, UINT64_MAX);
	assert_true(run(f, is_idle, 900));
}

static void
after_a_refused_probe_the_next_one_is_due_after_the_interval(void **arg)
{
	struct fixture *f = *arg;
	uint64_t now_ms = s53_clock_ms();

	fake_close_udp(&f->server);
	fake_close_tcp(&f->server);
	become_suspect(f);
	(void)run(f, is_up, 200);
	assert_true(is_quiet(f));
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_DOWN);
	assert_int_equal(report(f, S53_OVER_UDP).reason, S53_REASON_REFUSED);
	assert_int_equal(report(f, S53_OVER_TCP).reason, S53_REASON_REFUSED);
	assert_in_range(f->prober->next_ms, now_ms + 900, now_ms + 2000);
	assert_true(event_pending(&f->prober->due, EV_TIMEOUT, NULL));
}

static void
answer_liveness_only(struct fake_query *query)
{
	if ((s53_header_flags(query->octets) & S53_RD) == 0)
		fake_reply(query, S53_RCODE_REFUSED);
}

static void
a_server_that_is_alive_but_not_ready_is_stalled(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = answer_liveness_only;
	f->check.timeout_ms = 400; /* the liveness query is sent after 250 */
	s53_upstream_set_check(f->upstream, &f->check);
	become_suspect(f);
	assert_true(run(f, is_stalled, 2000));
	assert_int_equal(report(f, S53_OVER_UDP).reason, S53_REASON_NOT_READY);
	assert_int_equal(f->server.udp_queries, 2);
}

static void
say_servfail(struct fake_query *query)
{
	fake_reply(query, S53_RCODE_SERVFAIL);
}

static void
a_server_that_fails_readiness_probes_stays_suspect(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = say_servfail;
	become_suspect(f);
	assert_true(run(f, is_probed, 2000));
	(void)run(f, is_up, 100);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_SUSPECT);
	assert_true(report(f, S53_OVER_UDP).failed_at_ms > 0);
}

static void
a_lost_probe_ends_at_its_timeout(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = fake_silence;
	become_suspect(f);
	assert_true(run(f, is_probed, 2000));
	assert_false(is_quiet(f));
	assert_true(run(f, is_quiet, TIMEOUT_MS + 1500));
	assert_true(report(f, S53_OVER_UDP).failed_at_ms > 0);
	assert_int_equal(report(f, S53_OVER_UDP).timeouts_in_row, 3);
}

static void *
refuse_elsewhere(void *arg)
{
	observe(arg, S53_OBSERVED_REFUSED);
	return NULL;
}

static void
another_thread_wakes_the_prober(void **arg)
{
	struct fixture *f = *arg;
	eventfd_t count;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, refuse_elsewhere, f), 0);
	assert_true(run(f, is_probed, 2000));
	pthread_join(thread, NULL);
	assert_true(run(f, is_up, 2000));
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_int_equal(eventfd_read(f->prober->wake_fd, &count), -1); /* it was read */
}

#define OTHERS 3

static void
refuse_others(
    struct fixture *f, struct fake_server others[OTHERS], struct s53_upstream *upstreams[OTHERS])
{
	struct s53_observation observation = { S53_OBSERVED_REFUSED, S53_OVER_UDP, 1, 0 };

	for (unsigned i = 0; i < OTHERS; i++) {
		fake_server_start(&others[i], f->base, "127.0.0.1", fake_silence);
		upstreams[i] = add_server(f, &others[i].addr);
		s53_upstream_observe(upstreams[i], observation, s53_clock_ms());
	}
	(void)event_base_loop(f->base, EVLOOP_ONCE);
}

static unsigned
under_way(const struct fixture *f)
{
	unsigned count = 0;

	S53_LIST_EACH (&f->prober->running, it)
		count++;
	return count;
}

static void
servers_are_probed_at_the_same_time(void **arg)
{
	struct fixture *f = *arg;
	struct fake_server others[OTHERS];
	struct s53_upstream *upstreams[OTHERS];

	refuse_others(f, others, upstreams);
	assert_int_equal(under_way(f), OTHERS);
	for (unsigned i = 0; i < OTHERS; i++) {
		s53_upstream_drop(upstreams[i]); /* the probe has a count of its own */
		fake_server_stop(&others[i]);
	}
	assert_true(run(f, is_quiet, TIMEOUT_MS + 1500));
}

static struct s53_upstream *const *others_waiting_for;

static unsigned
waiting(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < OTHERS; i++)
		count += s53_probe_due_ms(others_waiting_for[i]) <= s53_clock_ms();
	return count;
}

static bool
no_probe_is_overdue(struct fixture *f)
{
	assert_in_range(under_way(f), 0, f->prober->limit);
	return waiting() == 0;
}

static void
the_number_of_probes_at_once_is_limited_and_the_rest_follow(void **arg)
{
	struct fixture *f = *arg;
	struct fake_server others[OTHERS];
	struct s53_upstream *upstreams[OTHERS];

	others_waiting_for = upstreams;
	f->prober->limit = OTHERS - 1;
	refuse_others(f, others, upstreams);
	assert_int_equal(under_way(f), OTHERS - 1);
	assert_int_equal(waiting(), 1);
	assert_in_range(f->prober->next_ms, 1, s53_clock_ms() + RETRY_MS);
	assert_true(
	    run(f, no_probe_is_overdue, 900)); /* a probe that began is not due again before 1 s */
	for (unsigned i = 0; i < OTHERS; i++) {
		s53_upstream_drop(upstreams[i]);
		fake_server_stop(&others[i]);
	}
}

static void
thousands_of_servers_are_not_scanned_whenever_one_is_due(void **arg)
{
	struct fixture *f = *arg;
	uint64_t now_ms = s53_clock_ms();

	f->prober->servers = 50 * SERVERS_PER_MS; /* assumed until the next scan */
	f->prober->scanned_at_ms = now_ms;
	observe(f, S53_OBSERVED_REFUSED);
	(void)event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(f->prober->next_ms, now_ms + 50);
	assert_true(is_quiet(f));
	assert_true(run(f, is_probed, 2000));
	assert_int_equal(f->prober->servers, 1);
	/* libevent's clock is the coarse one, which may be a tick of 4 ms behind. */
	assert_in_range(s53_clock_ms(), now_ms + 50 - 4, now_ms + 2000);
}

static void
in_mode_always_a_healthy_server_is_probed_each_interval(void **arg)
{
	struct fixture *f = *arg;
	uint64_t now_ms = s53_clock_ms();

	f->check.mode = S53_PROBE_MODE_ALWAYS;
	s53_upstream_set_check(f->upstream, &f->check);
	assert_true(run(f, is_probed, 2000));
	assert_true(run(f, is_quiet, 2000));
	assert_in_range(f->prober->next_ms, now_ms + 900, now_ms + 2000);
	assert_int_equal(f->server.udp_queries, 1);
	assert_true(is_up(f));
}

static void
freeing_the_prober_abandons_its_probes_and_keeps_the_plan(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = fake_silence;
	become_suspect(f);
	assert_true(run(f, is_probed, 2000));
	assert_false(is_quiet(f));
	s53_prober_free(f->prober);
	f->prober = NULL;
	assert_int_equal(event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED), 2);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_SUSPECT);
	assert_true(s53_probe_due_ms(f->upstream) != UINT64_MAX);
	observe(f, S53_OBSERVED_REFUSED); /* there is no prober to wake */
	f->prober = s53_prober_new(f->base, f->registry); /* finds the probe that is due */
	assert_non_null(f->prober);
	f->server.on_query = fake_answer;
	assert_true(run(f, is_up, 3000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(with_healthy_servers_no_timer_is_armed),
		TEST(a_server_that_only_seemed_down_is_up_again_at_once),
		TEST(after_a_refused_probe_the_next_one_is_due_after_the_interval),
		TEST(a_server_that_is_alive_but_not_ready_is_stalled),
		TEST(a_server_that_fails_readiness_probes_stays_suspect),
		TEST(a_lost_probe_ends_at_its_timeout),
		TEST(another_thread_wakes_the_prober),
		TEST(servers_are_probed_at_the_same_time),
		TEST(the_number_of_probes_at_once_is_limited_and_the_rest_follow),
		TEST(thousands_of_servers_are_not_scanned_whenever_one_is_due),
		TEST(in_mode_always_a_healthy_server_is_probed_each_interval),
		TEST(freeing_the_prober_abandons_its_probes_and_keeps_the_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
