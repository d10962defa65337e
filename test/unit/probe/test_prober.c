/* SPDX-License-Identifier: ISC
 *
 * test_prober.c - the prober with the plan that it follows, against servers on loopback.
 *
 * The module itself is included, so that its timer can be read instead of waited for. What single
 * probes do is in test_probe_run.c, what the plan says in test_probing.c.
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
note(struct fixture *f, enum s53_observed event)
{
	struct s53_observation sign = { event, S53_OVER_UDP, 1, 0 };

	s53_upstream_observe(f->upstream, sign, s53_clock_ms());
}

static void
be_suspect(struct fixture *f)
{
	note(f, S53_OBSERVED_OVERDUE);
	note(f, S53_OBSERVED_OVERDUE);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_SUSPECT);
}

static struct s53_health_report
report(const struct fixture *f, enum s53_protocol over)
{
	struct s53_upstream_report out;

	s53_upstream_report(f->upstream, &out, s53_clock_ms());
	return out.path[over];
}

/* Turn the loop until `reached` or for so long. */
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
is_asked(struct fixture *f)
{
	return f->server.udp_queries + f->server.tcp_queries > 0;
}

static bool
is_quiet(struct fixture *f)
{
	return s53_list_empty(&f->prober->running);
}

/* The fake server's sockets and waking are all that is waited for, and the test's own timer. */
static bool
is_idle(struct fixture *f)
{
	int own = event_pending(f->guard, EV_TIMEOUT, NULL) != 0;

	return event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED) == 2 + 1 + own;
}

static void
with_nothing_wrong_nothing_is_armed(void **arg)
{
	struct fixture *f = *arg;

	note(f, S53_OBSERVED_ANSWERED);
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_int_equal(f->prober->next_ms, UINT64_MAX);
	assert_false(event_pending(&f->prober->due, EV_TIMEOUT, NULL));
	assert_true(is_idle(f));
	assert_false(is_asked(f));
}

static void
a_server_that_only_seemed_down_is_up_again_at_once(void **arg)
{
	struct fixture *f = *arg;

	note(f, S53_OBSERVED_REFUSED);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_DOWN);
	assert_true(run(f, is_up, 900)); /* before any interval is over */
	assert_true(run(f, is_quiet, 900));
	assert_true(report(f, S53_OVER_TCP).asked);
	assert_int_equal(f->prober->next_ms, UINT64_MAX);
	assert_true(run(f, is_idle, 900));
}

static void
a_refused_probe_is_seen_and_the_next_one_waits(void **arg)
{
	struct fixture *f = *arg;
	uint64_t now_ms = s53_clock_ms();

	fake_close_udp(&f->server);
	fake_close_tcp(&f->server);
	be_suspect(f);
	(void)run(f, is_up, 200);
	assert_true(is_quiet(f));
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_DOWN);
	assert_int_equal(report(f, S53_OVER_UDP).reason, S53_REASON_REFUSED);
	assert_int_equal(report(f, S53_OVER_TCP).reason, S53_REASON_REFUSED);
	assert_in_range(f->prober->next_ms, now_ms + 900, now_ms + 2000);
	assert_true(event_pending(&f->prober->due, EV_TIMEOUT, NULL));
}

static void
hold_work(struct fake_query *query)
{
	if (s53_u16_get(query->octets + query->len - 2) != S53_CLASS_IN)
		fake_reply(query, S53_RCODE_REFUSED);
}

static void
a_server_that_holds_work_but_lives_is_stalled(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = hold_work;
	f->check.timeout_ms = 400; /* life is asked for after 250 */
	s53_upstream_set_check(f->upstream, &f->check);
	be_suspect(f);
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
a_server_that_answers_work_with_failures_is_no_better_for_it(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = say_servfail;
	be_suspect(f);
	assert_true(run(f, is_asked, 2000));
	(void)run(f, is_up, 100);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_SUSPECT);
	assert_true(report(f, S53_OVER_UDP).failed_at_ms > 0);
}

static void
a_probe_that_is_lost_is_seen_when_its_time_is_up(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = fake_silence;
	be_suspect(f);
	assert_true(run(f, is_asked, 2000));
	assert_false(is_quiet(f));
	assert_true(run(f, is_quiet, TIMEOUT_MS + 1500));
	assert_true(report(f, S53_OVER_UDP).failed_at_ms > 0);
	assert_int_equal(report(f, S53_OVER_UDP).timeouts_in_row, 3);
}

static void *
refuse_elsewhere(void *arg)
{
	note(arg, S53_OBSERVED_REFUSED);
	return NULL;
}

static void
another_thread_wakes_it(void **arg)
{
	struct fixture *f = *arg;
	eventfd_t count;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, refuse_elsewhere, f), 0);
	assert_true(run(f, is_asked, 2000));
	pthread_join(thread, NULL);
	assert_true(run(f, is_up, 2000));
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_int_equal(eventfd_read(f->prober->wake_fd, &count), -1); /* and sleeps again */
}

#define OTHERS 3

static void
refuse_others(
    struct fixture *f, struct fake_server others[OTHERS], struct s53_upstream *upstreams[OTHERS])
{
	struct s53_observation sign = { S53_OBSERVED_REFUSED, S53_OVER_UDP, 1, 0 };

	for (unsigned i = 0; i < OTHERS; i++) {
		fake_server_start(&others[i], f->base, "127.0.0.1", fake_silence);
		upstreams[i] = add_server(f, &others[i].addr);
		s53_upstream_observe(upstreams[i], sign, s53_clock_ms());
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
nobody_waits(struct fixture *f)
{
	assert_in_range(under_way(f), 0, f->prober->limit);
	return waiting() == 0;
}

static void
only_so_many_are_probed_at_once_and_the_rest_has_its_turn(void **arg)
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
	assert_true(run(f, nobody_waits, 900)); /* those that began are not due again before 1 s */
	for (unsigned i = 0; i < OTHERS; i++) {
		s53_upstream_drop(upstreams[i]);
		fake_server_stop(&others[i]);
	}
}

static void
thousands_of_servers_are_not_looked_at_whenever_one_is_due(void **arg)
{
	struct fixture *f = *arg;
	uint64_t now_ms = s53_clock_ms();

	f->prober->servers =
	    50 * SERVERS_PER_MS; /* it is taken for that many until it has looked */
	f->prober->scanned_at_ms = now_ms;
	note(f, S53_OBSERVED_REFUSED);
	(void)event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(f->prober->next_ms, now_ms + 50);
	assert_true(is_quiet(f));
	assert_true(run(f, is_asked, 2000));
	assert_int_equal(f->prober->servers, 1);
	assert_in_range(s53_clock_ms(), now_ms + 50, now_ms + 2000);
}

static void
checked_always_a_server_in_health_is_probed_each_interval(void **arg)
{
	struct fixture *f = *arg;
	uint64_t now_ms = s53_clock_ms();

	f->check.mode = S53_CHECK_ALWAYS;
	s53_upstream_set_check(f->upstream, &f->check);
	assert_true(run(f, is_asked, 2000));
	assert_true(run(f, is_quiet, 2000));
	assert_in_range(f->prober->next_ms, now_ms + 900, now_ms + 2000);
	assert_int_equal(f->server.udp_queries, 1);
	assert_true(is_up(f));
}

static void
its_end_gives_up_what_is_under_way_and_leaves_the_plan_whole(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = fake_silence;
	be_suspect(f);
	assert_true(run(f, is_asked, 2000));
	assert_false(is_quiet(f));
	s53_prober_free(f->prober);
	f->prober = NULL;
	assert_int_equal(event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED), 2);
	assert_int_equal(s53_upstream_state(f->upstream), S53_HEALTH_SUSPECT);
	assert_true(s53_probe_due_ms(f->upstream) != UINT64_MAX);
	note(f, S53_OBSERVED_REFUSED); /* wakes nobody */
	f->prober = s53_prober_new(f->base, f->registry); /* sees what is due by itself */
	assert_non_null(f->prober);
	f->server.on_query = fake_answer;
	assert_true(run(f, is_up, 3000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(with_nothing_wrong_nothing_is_armed),
		TEST(a_server_that_only_seemed_down_is_up_again_at_once),
		TEST(a_refused_probe_is_seen_and_the_next_one_waits),
		TEST(a_server_that_holds_work_but_lives_is_stalled),
		TEST(a_server_that_answers_work_with_failures_is_no_better_for_it),
		TEST(a_probe_that_is_lost_is_seen_when_its_time_is_up),
		TEST(another_thread_wakes_it),
		TEST(servers_are_probed_at_the_same_time),
		TEST(only_so_many_are_probed_at_once_and_the_rest_has_its_turn),
		TEST(thousands_of_servers_are_not_looked_at_whenever_one_is_due),
		TEST(checked_always_a_server_in_health_is_probed_each_interval),
		TEST(its_end_gives_up_what_is_under_way_and_leaves_the_plan_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
