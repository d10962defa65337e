/* SPDX-License-Identifier: ISC
 *
 * test_operations.c - what an operator switches, reloads and asks to know.
 */
#include "operations_fixture.h"

/* --- switches -------------------------------------------------------------------------------- */

static void
switches_survive_a_reload_until_they_are_given_back(void **state)
{
	struct machine *m = *state;

	assert_false(facts(m).query_log);
	m->ask->set_query_log(m->ask->arg, S53_SWITCH_ON);
	m->ask->set_response_log(m->ask->arg, S53_SWITCH_ON);
	assert_true(facts(m).query_log && facts(m).response_log);
	reload(m);
	assert_true(facts(m).query_log && facts(m).response_log);
	write_conf(m, "querylog yes; responselog yes;", "");
	m->ask->set_query_log(m->ask->arg, S53_SWITCH_OFF);
	reload(m);
	assert_false(facts(m).query_log);
	m->ask->set_query_log(m->ask->arg, S53_SWITCH_DEFAULT);
	m->ask->set_response_log(m->ask->arg, S53_SWITCH_DEFAULT);
	assert_true(facts(m).query_log && facts(m).response_log);
}

static void
the_debug_level_is_in_force_at_once_and_after_a_reload(void **state)
{
	struct machine *m = *state;
	struct s53_policy *policy = m->ask->policy(m->ask->arg);

	assert_false(s53_log_on(S53_LOG_CLIENT, S53_LOG_DEBUG + 2));
	assert_int_equal(m->ask->set_debug_level(m->ask->arg, 3, m->why), S53_OK);
	assert_int_equal(facts(m).debug_level, 3);
	assert_true(s53_log_on(S53_LOG_CLIENT, S53_LOG_DEBUG + 2));
	assert_true((s53_policy_watch(policy) & S53_WATCH_STEPS) != 0);
	reload(m);
	policy = m->ask->policy(m->ask->arg);
	assert_true(s53_log_on(S53_LOG_CLIENT, S53_LOG_DEBUG + 2));
	assert_true((s53_policy_watch(policy) & S53_WATCH_STEPS) != 0);
	assert_int_equal(m->ask->set_debug_level(m->ask->arg, 100, m->why), S53_E_RANGE);
	assert_int_equal(m->ask->set_debug_level(m->ask->arg, 0, m->why), S53_OK);
	assert_false(s53_log_on(S53_LOG_CLIENT, S53_LOG_DEBUG));
	assert_int_equal(s53_policy_watch(policy), 0);
}

static const struct s53_cache_rules *
rules(struct machine *m)
{
	return m->ask->policy(m->ask->arg)->views[0].answering.cache;
}

static void
stale(struct machine *m, enum s53_switch to, const char *shown)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	assert_int_equal(m->ask->set_serve_stale(m->ask->arg, to, NULL, NULL, m->why), S53_OK);
	out = open_memstream(&text, &len);
	assert_non_null(out);
	m->ask->print_serve_stale(m->ask->arg, out);
	fclose(out);
	assert_string_equal(text, shown);
	free(text);
}

/* The words are those of named 9.18. */
static void
serve_stale_overrides_what_is_given_out_and_not_what_is_kept(void **state)
{
	static const char on[] =
	    "_default: stale cache enabled; stale answers enabled (stale-answer-ttl=30 "
	    "max-stale-ttl=86400 stale-refresh-time=30)\n";
	static const char off[] =
	    "_default: stale cache enabled; stale answers disabled (stale-answer-ttl=30 "
	    "max-stale-ttl=86400 stale-refresh-time=30)\n";
	struct machine *m = *state;

	write_conf(m, "stale-cache-enable yes;", "");
	reload(m);
	stale(m, S53_SWITCH_DEFAULT, off);
	stale(m, S53_SWITCH_ON, on);
	assert_true(rules(m)->stale_answer);
	reload(m);
	assert_true(rules(m)->stale_answer);
	stale(m, S53_SWITCH_DEFAULT, off);
	write_conf(m, "stale-answer-enable yes;", "");
	reload(m);
	stale(m, S53_SWITCH_OFF, off);
	assert_true(rules(m)->stale_keep);
	write_conf(m, "", "");
	reload(m);
	stale(m, S53_SWITCH_ON, "_default: stale cache disabled; stale answers unavailable\n");
	assert_false(rules(m)->stale_answer);
}

/* --- facts ----------------------------------------------------------------------------------- */

static void
facts_count_what_there_is(void **state)
{
	struct machine *m = *state;
	struct s53_facts now = facts(m);

	assert_string_equal(now.version, S53_VERSION);
	assert_int_equal(now.pid, getpid());
	assert_string_equal(now.config_path, m->conf);
	assert_int_equal(now.workers, WORKERS);
	assert_int_equal(now.views, 1);
	assert_int_equal(now.zones - now.zones_automatic, 3); /* the root's forwarders too */
	assert_int_equal(now.upstreams, 2);
	assert_int_equal(now.upstreams_up, 2);
	assert_int_equal(now.recursive_hard, 1000);
	assert_int_equal(now.recursive_soft, 900);
	assert_false(now.draining || now.dumping || now.flushing);
}

static void
a_reset_lets_counters_begin_at_zero(void **state)
{
	struct machine *m = *state;
	struct s53_daemon *daemon = &m->daemon;
	/* The worker, whose own it is, does nothing meanwhile. */
	struct s53_counters *set = (struct s53_counters *)s53_worker_counters(daemon->workers[1]);

	s53_count_many(set, S53_C_FIND_HIT, 5);
	assert_int_equal(m->ask->counter(m->ask->arg, S53_C_FIND_HIT), 5);
	m->ask->reset_counters(m->ask->arg);
	assert_int_equal(m->ask->counter(m->ask->arg, S53_C_FIND_HIT), 0);
	s53_count(set, S53_C_FIND_HIT);
	assert_int_equal(m->ask->counter(m->ask->arg, S53_C_FIND_HIT), 1);
	assert_int_equal(s53_counter_read(set, S53_C_FIND_HIT), 6);
}

/* --- servers --------------------------------------------------------------------------------- */

static void
a_server_set_down_stays_down_when_a_reload_changes_its_options(void **state)
{
	struct machine *m = *state;
	struct s53_addr addr;
	unsigned count = 0;

	assert_int_equal(s53_addr_parse("127.0.0.9", 9, &addr), S53_OK);
	assert_int_equal(
	    m->ask->set_upstream(m->ask->arg, &addr, true, S53_ADMIN_DOWN, &count, m->why), S53_OK);
	assert_int_equal(count, 1);
	assert_int_equal(facts(m).upstreams_set_down, 1);
	write_conf(m, "", FORWARD "server 127.0.0.9 { edns no; };");
	reload(m);
	while (m->daemon.retired != NULL) /* it counts the servers of the old snapshot, too */
		event_base_loop(m->daemon.base, EVLOOP_ONCE);
	assert_int_equal(facts(m).upstreams_set_down, 1);
	assert_int_equal(s53_addr_parse("127.0.0.8", 9, &addr), S53_OK);
	assert_int_equal(
	    m->ask->set_upstream(m->ask->arg, &addr, true, S53_ADMIN_DOWN, &count, m->why),
	    S53_E_ABSENT);
}

/* --- configuration --------------------------------------------------------------------------- */

/* So a query that is sent after `rndc reload` finds the new configuration. */
static void
a_reload_is_done_when_all_workers_have_taken_it(void **state)
{
	struct machine *m = *state;

	for (unsigned i = 0; i < 50; i++) {
		struct s53_policy *old = s53_policy_keep(m->ask->policy(m->ask->arg));

		reload(m);
		assert_int_equal(atomic_load(&old->count), 2); /* ours, and that of retired.c */
		s53_policy_drop(old);
	}
}

static void
a_reload_that_fails_says_where(void **state)
{
	struct machine *m = *state;
	char expected[128];

	write_file(m->conf, "options {\n\tdirectory 7 8;\n};\n");
	assert_int_equal(m->ask->reload(m->ask->arg, NULL, NULL, m->why), S53_E_SYNTAX);
	snprintf(expected, sizeof(expected), "%s:2:", m->conf);
	assert_memory_equal(m->why, expected, strlen(expected));
}

/* The last octet of the address of www.loc.test. */
static unsigned
octet_of_www(struct machine *m)
{
	const struct s53_name apex = name_of("loc.test"), www = name_of("www.loc.test");
	const struct s53_route *route =
	    s53_routes_find(m->ask->policy(m->ask->arg)->views[0].routes, &apex);
	struct s53_question question = { .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN };
	struct s53_zone_answer answer;
	struct s53_reply reply;
	uint8_t octets[512];
	size_t len;

	assert_non_null(route->zone);
	question.name = question.lower = www;
	s53_reply_begin(&reply, octets, sizeof(octets), 0, S53_QR, &question);
	s53_zone_answer(route->zone, &question, 0, &reply, &answer);
	len = s53_reply_end(&reply, NULL);
	for (size_t at = 0; at + 4 <= len; at++)
		if (memcmp(octets + at, "\300\0\2", 3) == 0 && octets[at + 3] >= 80)
			return octets[at + 3];
	fail();
	return 0;
}

static void
reconfig_reads_no_loaded_zone_file_again_but_reload_does(void **state)
{
	struct machine *m = *state;
	const struct s53_name loc = name_of("LOC.test"), fwd = name_of("fwd.test");
	const struct s53_name none = name_of("none.test");

	write_zone(m, "192.0.2.81");
	assert_int_equal(m->ask->reconfig(m->ask->arg, NULL, NULL, m->why), S53_OK);
	assert_int_equal(octet_of_www(m), 80);
	reload(m);
	assert_int_equal(octet_of_www(m), 81);
	write_zone(m, "192.0.2.82");
	assert_int_equal(m->ask->reload_zone(m->ask->arg, &loc, NULL, NULL, NULL, m->why), S53_OK);
	assert_string_equal(m->why, "zone reload successful");
	assert_int_equal(octet_of_www(m), 82);
	assert_int_equal(
	    m->ask->reload_zone(m->ask->arg, &fwd, NULL, NULL, NULL, m->why), S53_E_ABSENT);
	assert_non_null(strstr(m->why, "is forwarded and has no file"));
	assert_int_equal(
	    m->ask->reload_zone(m->ask->arg, &none, NULL, NULL, NULL, m->why), S53_E_ABSENT);
	assert_string_equal(m->why, "no matching zone 'none.test' in any view");
	assert_int_equal(
	    m->ask->reload_zone(m->ask->arg, &loc, "x", NULL, NULL, m->why), S53_E_ABSENT);
	write_file(m->zone, "$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2\n");
	assert_int_equal(
	    m->ask->reload_zone(m->ask->arg, &loc, "_default", NULL, NULL, m->why), S53_E_SYNTAX);
	assert_non_null(strstr(m->why, "loc.zone:4:"));
	assert_int_equal(octet_of_www(m), 82);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, machine_new, machine_free)
		TEST(switches_survive_a_reload_until_they_are_given_back),
		TEST(the_debug_level_is_in_force_at_once_and_after_a_reload),
		TEST(serve_stale_overrides_what_is_given_out_and_not_what_is_kept),
		TEST(facts_count_what_there_is),
		TEST(a_reset_lets_counters_begin_at_zero),
		TEST(a_server_set_down_stays_down_when_a_reload_changes_its_options),
		TEST(a_reload_is_done_when_all_workers_have_taken_it),
		TEST(a_reload_that_fails_says_where),
		TEST(reconfig_reads_no_loaded_zone_file_again_but_reload_does),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
