/* SPDX-License-Identifier: ISC
 *
 * test_server.c - the registry, and what a server reports over both protocols.
 */
#include "server_fixture.h"

#include <split53/capability.h>

#define MANY 3000

static struct s53_upstream *
get_one_of_many(struct s53_registry *registry, unsigned i)
{
	char text[S53_ADDR_TEXT];

	snprintf(text, sizeof(text), "2001:db8::%x:%x", i % 7, i / 7);
	return get(registry, text);
}

static void
each_of_thousands_of_servers_is_found_while_it_has_a_count(void **arg)
{
	static struct s53_upstream *servers[MANY];
	struct s53_registry *registry = s53_registry_new();

	(void)arg;
	for (unsigned i = 0; i < MANY; i++)
		servers[i] = get_one_of_many(registry, i);
	for (unsigned i = 0; i < MANY; i += 3)
		s53_upstream_drop(servers[i]);
	for (unsigned i = 0; i < MANY; i++) {
		struct s53_upstream *again = get_one_of_many(registry, i);

		if (i % 3 == 0)
			servers[i] = again; /* a new object */
		else
			assert_ptr_equal(again, servers[i]);
		s53_upstream_drop(i % 3 == 0 ? NULL : again);
	}
	for (unsigned i = MANY; i-- > 0;)
		s53_upstream_drop(servers[i]);
	s53_registry_free(registry);
}

static void
the_registry_gives_the_same_server_for_the_same_address_and_options(void **arg)
{
	struct s53_registry *registry = s53_registry_new();
	struct s53_upstream *a = get(registry, "192.0.2.1");
	struct s53_upstream *again = get(registry, "192.0.2.1");
	struct s53_upstream *b = get(registry, "192.0.2.2");
	struct s53_upstream_options options = { .edns = true, .tcp_only = true };
	struct s53_upstream *tcp = s53_registry_get(registry, s53_upstream_addr(a), &options);

	(void)arg;
	assert_ptr_equal(a, again);
	assert_ptr_not_equal(a, b);
	assert_ptr_not_equal(a, tcp);
	assert_true(s53_upstream_options(tcp)->tcp_only);
	s53_registry_free(registry); /* servers with a count outlive it */
	assert_int_equal(s53_addr_port(s53_upstream_addr(a)), 53);
	s53_upstream_drop(a);
	s53_upstream_drop(again);
	s53_upstream_drop(b);
	s53_upstream_drop(tcp);
}

static void
the_record_is_kept_while_the_server_has_a_count(void **arg)
{
	struct s53_registry *registry = s53_registry_new();
	struct s53_upstream *old = get(registry, "192.0.2.1");
	struct s53_observation observation = { S53_OBSERVED_ANSWERED, S53_OVER_UDP, 40, 0 };
	struct s53_upstream *new;

	(void)arg;
	s53_upstream_observe(old, observation, 1000);
	assert_int_equal(s53_upstream_hedge_ms(old), 40 + 4 * 20);
	new = get(registry, "192.0.2.1"); /* a reload builds the new group first */
	s53_upstream_drop(old);
	assert_int_equal(s53_upstream_hedge_ms(new), 40 + 4 * 20);
	s53_upstream_drop(new);
	new = get(registry, "192.0.2.1");
	assert_int_equal(s53_upstream_hedge_ms(new), 250);
	s53_upstream_drop(new);
	s53_registry_free(registry);
}

static void
the_edns_size_is_small_off_host_and_large_on_loopback_unless_configured(void **arg)
{
	struct s53_registry *registry = s53_registry_new();
	struct s53_upstream *off = get(registry, "192.0.2.1"), *on = get(registry, "127.0.0.1");
	struct s53_upstream_options options = { .edns_udp_size = 4096 };
	struct s53_upstream *set = s53_registry_get(registry, s53_upstream_addr(off), &options);

	(void)arg;
	assert_int_equal(s53_upstream_options(off)->edns_udp_size, 1232);
	assert_int_equal(s53_upstream_options(on)->edns_udp_size, 65507);
	assert_int_equal(s53_upstream_options(set)->edns_udp_size, 4096);
	s53_upstream_drop(off);
	s53_upstream_drop(on);
	s53_upstream_drop(set);
	s53_registry_free(registry);
}

struct visit {
	struct s53_upstream *servers[4];
	unsigned count, wanted;
	struct s53_upstream *drops; /* dropped at the first visit */
};

static bool
on_each(struct s53_upstream *upstream, void *arg)
{
	struct visit *visit = arg;

	visit->servers[visit->count++] = upstream;
	s53_upstream_drop(visit->drops);
	visit->drops = NULL;
	return visit->count < visit->wanted;
}

static void
each_server_is_visited_in_the_order_of_arrival(void **arg)
{
	struct s53_registry *registry = s53_registry_new();
	struct s53_upstream *a = get(registry, "192.0.2.1"), *b = get(registry, "192.0.2.2");
	struct s53_upstream *c = get(registry, "192.0.2.3");
	struct visit all = { .wanted = 9 }, two = { .wanted = 2 };
	/* its count goes while the first is visited */
	struct visit drops = { .wanted = 9, .drops = b };

	(void)arg;
	s53_registry_each(registry, on_each, &all);
	assert_int_equal(all.count, 3);
	assert_ptr_equal(all.servers[0], a);
	assert_ptr_equal(all.servers[1], b);
	assert_ptr_equal(all.servers[2], c);
	s53_registry_each(registry, on_each, &two);
	assert_int_equal(two.count, 2);
	s53_registry_each(registry, on_each, &drops);
	assert_int_equal(drops.count, 2);
	assert_ptr_equal(drops.servers[1], c);
	s53_upstream_drop(a);
	s53_upstream_drop(c);
	s53_registry_free(registry);
}

static void
the_hedge_time_follows_the_round_trip_time_between_20_and_250_ms(void **arg)
{
	static const uint32_t rtts_ms[] = { 0, 60, 2000 };
	static const uint32_t least[] = { 20, 55, 250 }, most[] = { 20, 75, 250 };

	(void)arg;
	for (unsigned i = 0; i < 3; i++) {
		struct fixture f = fixture_new();

		assert_int_equal(s53_upstream_hedge_ms(f.server), 250);
		for (unsigned k = 0; k < 100; k++)
			answers(&f, rtts_ms[i]);
		assert_in_range(s53_upstream_hedge_ms(f.server), least[i], most[i]);
		assert_int_equal(s53_upstream_is_slow(f.server), rtts_ms[i] > 250);
		fixture_free(&f);
	}
}

static void
without_probes_queries_stay_with_udp(void **arg)
{
	struct fixture f = fixture_new();
	struct s53_health_check check;

	(void)arg;
	observe(&f, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 90);
	observe(&f, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	assert_true(s53_upstream_wants_tcp(f.server));
	s53_probe_copy_check(f.server, &check);
	check.mode = S53_PROBE_MODE_NEVER;
	s53_upstream_set_check(f.server, &check);
	assert_false(s53_upstream_wants_tcp(f.server));
	answers(&f, 5);
	answers(&f, 5);
	assert_int_equal(s53_upstream_path_state(f.server, S53_OVER_UDP), S53_HEALTH_UP);
	fixture_free(&f);
}

static void
queries_go_over_tcp_when_udp_is_down_and_tcp_has_proved_itself(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	answers(&f, 5);
	assert_false(s53_upstream_wants_tcp(f.server));
	observe(&f, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	assert_false(s53_upstream_wants_tcp(f.server));
	assert_int_equal(s53_upstream_state(f.server), S53_HEALTH_DOWN);
	observe(&f, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 90);
	assert_true(s53_upstream_wants_tcp(f.server));
	assert_int_equal(s53_upstream_state(f.server), S53_HEALTH_UP);
	assert_int_equal(s53_upstream_path_state(f.server, S53_OVER_UDP), S53_HEALTH_DOWN);
	assert_int_equal(s53_upstream_hedge_ms(f.server), 250); /* TCP's */
	observe(&f, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	assert_false(s53_upstream_wants_tcp(f.server));
	f.now_ms += 100;
	observe(&f, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 90);
	assert_false(s53_upstream_wants_tcp(f.server)); /* recovering */
	observe(&f, S53_OVER_TCP, S53_OBSERVED_ANSWERED, 90);
	assert_true(s53_upstream_wants_tcp(f.server));
	answers(&f, 5);
	assert_false(s53_upstream_wants_tcp(f.server)); /* UDP replies again */
	fixture_free(&f);
}

static void
loss_and_failures_raise_the_cost_of_a_server(void **arg)
{
	struct fixture f = fixture_new();
	uint32_t well;

	(void)arg;
	assert_int_equal(s53_upstream_cost(f.server), 0);
	for (unsigned i = 0; i < 100; i++)
		answers(&f, 5);
	well = s53_upstream_cost(f.server);
	assert_int_equal(well, 8 * 5);
	observe(&f, S53_OVER_UDP, S53_OBSERVED_FAILED, 5);
	assert_in_range(s53_upstream_cost(f.server), well + 8 * 250 / 20, well + 8 * 250 / 10);
	for (unsigned i = 0; i < 200; i++)
		answers(&f, 5);
	assert_int_equal(s53_upstream_cost(f.server), well);
	observe(&f, S53_OVER_UDP, S53_OBSERVED_TIMEOUT, 50);
	assert_in_range(s53_upstream_cost(f.server), well + 8 * 250 / 40, well + 8 * 250 / 20);
	fixture_free(&f);
}

static void
queries_under_way_and_in_all_are_counted(void **arg)
{
	struct fixture f = fixture_new();
	struct s53_upstream_report report;

	(void)arg;
	assert_false(s53_upstream_was_queried(f.server));
	for (unsigned i = 0; i < 5; i++)
		s53_upstream_begin(f.server);
	s53_upstream_end(f.server);
	assert_true(s53_upstream_was_queried(f.server));
	assert_int_equal(s53_upstream_in_flight(f.server), 4);
	s53_upstream_report(f.server, &report, f.now_ms);
	assert_int_equal(report.asked, 5);
	assert_int_equal(report.in_flight, 4);
	fixture_free(&f);
}

static void
one_caller_may_explore_a_server_until_the_gap_is_over(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	assert_true(s53_upstream_claim_exploration(f.server, 1000, f.now_ms));
	assert_false(s53_upstream_claim_exploration(f.server, 1000, f.now_ms));
	assert_false(s53_upstream_claim_exploration(f.server, 1000, f.now_ms + 999));
	assert_true(s53_upstream_claim_exploration(f.server, 250, f.now_ms + 250));
	assert_true(s53_upstream_claim_exploration(f.server, 1000, f.now_ms + 1250));
	fixture_free(&f);
}

static void
a_quirk_is_forgotten_after_ten_minutes(void **arg)
{
	struct fixture f = fixture_new();
	struct s53_upstream_report report;

	(void)arg;
	assert_false(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms));
	s53_upstream_set_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms);
	assert_true(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms));
	assert_false(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_CASE, f.now_ms));
	f.now_ms += S53_QUIRK_MS - 1;
	assert_true(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms));
	s53_upstream_report(f.server, &report, f.now_ms);
	assert_int_equal(report.no_edns_s, 1);
	assert_int_equal(report.no_case_s, 0);
	assert_false(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms + 1));
	fixture_free(&f);
}

static void
a_capability_that_was_shown_is_not_doubted_for_ten_minutes(void **arg)
{
	static const uint64_t starts_ms[] = { 12000, 4000000 };

	(void)arg;
	for (unsigned i = 0; i < 2; i++) {
		struct fixture f = fixture_new();
		uint64_t shown_ms = starts_ms[i], later_ms = shown_ms + S53_QUIRK_MS;

		assert_false(s53_upstream_has_shown(f.server, S53_CAPABILITY_EDNS, shown_ms));
		s53_upstream_show(f.server, S53_CAPABILITY_EDNS, shown_ms);
		assert_true(s53_upstream_has_shown(f.server, S53_CAPABILITY_EDNS, later_ms - 1));
		assert_false(s53_upstream_has_shown(f.server, S53_CAPABILITY_AD, later_ms - 1));
		s53_upstream_doubt(
		    f.server, S53_CAPABILITY_EDNS, S53_DOUBT_PROVES, 1 << 8, later_ms - 1);
		assert_false(s53_upstream_is_doubted(f.server, S53_CAPABILITY_EDNS));
		assert_false(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_EDNS, later_ms - 1));
		s53_upstream_doubt(
		    f.server, S53_CAPABILITY_EDNS, S53_DOUBT_PROVES, 1 << 8, later_ms);
		assert_true(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_EDNS, later_ms));
		fixture_free(&f);
	}
}

static void
doubts_of_different_names_add_up_to_a_quirk(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	for (unsigned i = 0; i < 5; i++) /* one name counts once */
		s53_upstream_doubt(
		    f.server, S53_CAPABILITY_AD, S53_DOUBT_DECLINED, 1 << 8, f.now_ms);
	assert_true(s53_upstream_is_doubted(f.server, S53_CAPABILITY_AD));
	assert_false(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_AD, f.now_ms));
	s53_upstream_doubt(f.server, S53_CAPABILITY_AD, S53_DOUBT_DECLINED, 2 << 8, f.now_ms);
	assert_true(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_AD, f.now_ms));

	/* When it has expired, one more event renews it. */
	f.now_ms += S53_QUIRK_MS;
	assert_false(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_AD, f.now_ms));
	s53_upstream_doubt(f.server, S53_CAPABILITY_AD, S53_DOUBT_LOST, 3 << 8, f.now_ms);
	assert_true(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_AD, f.now_ms));
	fixture_free(&f);
}

static void
a_capability_that_a_server_shows_ends_doubt_and_quirk(void **arg)
{
	struct fixture f = fixture_new();

	(void)arg;
	for (unsigned i = 0; i < S53_CAPABILITIES; i++) {
		s53_upstream_doubt(f.server, i, S53_DOUBT_LOST, 1 << 8, f.now_ms);
		s53_upstream_doubt(f.server, i, S53_DOUBT_LOST, 2 << 8, f.now_ms);
		s53_upstream_show(f.server, i, f.now_ms);
		assert_false(s53_upstream_is_doubted(f.server, i));
	}
	assert_true(s53_upstream_set_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms));
	assert_false(s53_upstream_set_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms));
	s53_upstream_show(f.server, S53_CAPABILITY_EDNS, f.now_ms);
	assert_false(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_EDNS, f.now_ms));

	/* Letter case that is kept over TCP may change over UDP yet. */
	s53_upstream_set_quirk(f.server, S53_QUIRK_NO_CASE, f.now_ms);
	s53_upstream_show(f.server, S53_CAPABILITY_CASE, f.now_ms);
	assert_true(s53_upstream_has_quirk(f.server, S53_QUIRK_NO_CASE, f.now_ms));
	assert_false(s53_upstream_had_quirk(f.server, S53_QUIRK_CASE_MATTERS));
	s53_upstream_set_quirk(f.server, S53_QUIRK_CASE_MATTERS, f.now_ms);
	assert_true(s53_upstream_had_quirk(f.server, S53_QUIRK_CASE_MATTERS));
	fixture_free(&f);
}

static void
the_report_says_when_and_over_which_protocol_the_next_probe_is_due(void **arg)
{
	struct fixture f = fixture_new();
	struct s53_upstream_report report;

	(void)arg;
	s53_upstream_report(f.server, &report, f.now_ms);
	assert_true(s53_addr_equal(&report.addr, s53_upstream_addr(f.server)));
	assert_int_equal(report.path[S53_OVER_UDP].next_probe_ms, 0);
	f.now_ms += 500;
	observe(&f, S53_OVER_TCP, S53_OBSERVED_REFUSED, 0);
	s53_upstream_report(f.server, &report, f.now_ms);
	assert_int_equal(report.path[S53_OVER_UDP].next_probe_ms, 0);
	assert_int_equal(report.path[S53_OVER_TCP].next_probe_ms, f.now_ms);
	assert_int_equal(report.path[S53_OVER_TCP].state, S53_HEALTH_DOWN);
	assert_int_equal(report.path[S53_OVER_TCP].reason, S53_REASON_REFUSED);
	assert_int_equal(report.path[S53_OVER_TCP].since_ms, f.now_ms);
	assert_int_equal(report.path[S53_OVER_UDP].since_ms, START_MS);
	assert_int_equal(report.path[S53_OVER_UDP].state, S53_HEALTH_UP);
	fixture_free(&f);
}

/* --- the log --------------------------------------------------------------------------------- */

/* What is logged during `happens`; the caller frees it. */
static char *
log_of(struct fixture *f, void (*happens)(struct fixture *f), int debug_level)
{
	char *text = calloc(1, 4096);
	int pipe_fds[2], was = dup(STDERR_FILENO);

	assert_non_null(text);
	assert_int_equal(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	s53_log_to_stderr(debug_level);
	happens(f);
	s53_log_to_stderr(0);
	dup2(was, STDERR_FILENO);
	close(was);
	close(pipe_fds[1]);
	assert_true(read(pipe_fds[0], text, 4095) >= 0);
	close(pipe_fds[0]);
	return text;
}

static void
goes_down_and_comes_back(struct fixture *f)
{
	struct s53_probe probe;

	f->now_ms += 2500;
	observe(f, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	observe(f, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
	for (unsigned i = 0; i < 2; i++) { /* TCP, then UDP */
		f->now_ms += 1000;
		assert_true(s53_probe_begin(f->server, &probe, f->now_ms));
		s53_probe_end(f->server, &probe, S53_PROBE_LOST, 0, f->now_ms);
	}
	f->now_ms += 1000;
	assert_true(s53_probe_begin(f->server, &probe, f->now_ms));
	s53_probe_end(f->server, &probe, S53_PROBE_ANSWERED, 5, f->now_ms);
	answers(f, 5);
	answers(f, 5);
}

static unsigned
lines(const char *text)
{
	unsigned count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void
each_change_of_state_is_one_line_and_probes_of_the_dead_are_none(void **arg)
{
	struct fixture f = fixture_new();
	char *text = log_of(&f, goes_down_and_comes_back, 0);

	(void)arg;
	assert_non_null(strstr(text,
	    "resolver: notice: server 192.0.2.1#53 over UDP: up -> down: refused (up for 2.5 s)"));
	assert_non_null(strstr(text, "down -> recovering: responds (down for 3.0 s)"));
	assert_non_null(strstr(text, "recovering -> up: responds (recovering for 0.0 s)"));
	assert_int_equal(lines(text), 3);
	free(text);
	fixture_free(&f);
}

static void
at_debug_the_probes_of_the_dead_are_logged_too(void **arg)
{
	struct fixture f = fixture_new();
	char *text = log_of(&f, goes_down_and_comes_back, 1);

	(void)arg;
	assert_non_null(strstr(text, "over UDP: down -> probing: refused"));
	assert_int_equal(lines(text), 6);
	free(text);
	fixture_free(&f);
}

static void
flaps(struct fixture *f)
{
	for (unsigned i = 0; i < 1000; i++) {
		observe(f, S53_OVER_UDP, S53_OBSERVED_REFUSED, 0);
		answers(f, 5);
	}
}

static void
a_server_that_flaps_does_not_fill_the_log(void **arg)
{
	struct fixture f = fixture_new();
	char *text = log_of(&f, flaps, 0);

	(void)arg;
	assert_int_equal(lines(text), 31);
	assert_non_null(strstr(
	    text, "changes state too often; further changes are not logged for up to a minute"));
	free(text);
	f.now_ms += 60000;
	text = log_of(&f, goes_down_and_comes_back, 0);
	assert_int_equal(lines(text), 3);
	free(text);
	fixture_free(&f);
}

/* --- threads --------------------------------------------------------------------------------- */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_registry_gives_the_same_server_for_the_same_address_and_options),
		cmocka_unit_test(each_of_thousands_of_servers_is_found_while_it_has_a_count),
		cmocka_unit_test(the_record_is_kept_while_the_server_has_a_count),
		cmocka_unit_test(
		    the_edns_size_is_small_off_host_and_large_on_loopback_unless_configured),
		cmocka_unit_test(each_server_is_visited_in_the_order_of_arrival),
		cmocka_unit_test(the_hedge_time_follows_the_round_trip_time_between_20_and_250_ms),
		cmocka_unit_test(without_probes_queries_stay_with_udp),
		cmocka_unit_test(queries_go_over_tcp_when_udp_is_down_and_tcp_has_proved_itself),
		cmocka_unit_test(loss_and_failures_raise_the_cost_of_a_server),
		cmocka_unit_test(queries_under_way_and_in_all_are_counted),
		cmocka_unit_test(one_caller_may_explore_a_server_until_the_gap_is_over),
		cmocka_unit_test(a_quirk_is_forgotten_after_ten_minutes),
		cmocka_unit_test(a_capability_that_was_shown_is_not_doubted_for_ten_minutes),
		cmocka_unit_test(doubts_of_different_names_add_up_to_a_quirk),
		cmocka_unit_test(a_capability_that_a_server_shows_ends_doubt_and_quirk),
		cmocka_unit_test(
		    the_report_says_when_and_over_which_protocol_the_next_probe_is_due),
		cmocka_unit_test(each_change_of_state_is_one_line_and_probes_of_the_dead_are_none),
		cmocka_unit_test(at_debug_the_probes_of_the_dead_are_logged_too),
		cmocka_unit_test(a_server_that_flaps_does_not_fill_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
