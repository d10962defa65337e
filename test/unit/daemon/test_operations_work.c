/* SPDX-License-Identifier: ISC
 *
 * test_operations_work.c - what workers or turns of the loop do for an operator: flushes, lists,
 * dumps.
 */
#include "operations_fixture.h"

/* --- the cache ------------------------------------------------------------------------------- */

struct flushed {
	bool done;
	uint64_t flushed;
};

static void
on_flushed(void *arg, uint64_t flushed, uint64_t walked)
{
	struct flushed *out = arg;

	(void)walked;
	assert_false(out->done);
	out->done = true;
	out->flushed = flushed;
}

static void
store(struct machine *m, const char *text)
{
	struct s53_policy *policy = m->ask->policy(m->ask->arg);
	struct s53_question question = { .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN };
	struct s53_cache_rules with = *policy->views[0].answering.cache;
	struct s53_key key;

	question.name = question.lower = name_of(text);
	s53_key_make(&key, policy->views[0].id, &question, false, false);
	with.servfail_ttl_s = 30;
	s53_cache_store_failure(policy->cache,
	    &(struct s53_cache_lookup){ .key = &key, .rules = &with, .now_ms = s53_clock_ms() }, 0,
	    NULL);
}

static uint64_t
flush(struct machine *m, enum s53_flush_kind kind, const char *text)
{
	struct s53_name name;
	struct s53_flush_request request = { .kind = kind };
	struct flushed flushed = { 0 };

	if (text != NULL) {
		name = name_of(text);
		request.name = &name;
	}
	assert_int_equal(
	    m->ask->flush(m->ask->arg, &request, on_flushed, &flushed, m->why), S53_OK);
	loop_until(m, &flushed.done);
	assert_false(facts(m).flushing);
	return flushed.flushed;
}

static void
a_flush_visits_all_workers_and_then_the_cache(void **state)
{
	struct s53_flush_request nowhere = { .view = "nowhere" };
	struct machine *m = *state;

	store(m, "a.example");
	store(m, "b.a.example");
	store(m, "c.example");
	assert_int_equal(flush(m, S53_FLUSH_NAME, "A.example"), 1);
	assert_int_equal(flush(m, S53_FLUSH_TREE, "a.Example"), 1);
	assert_int_equal(flush(m, S53_FLUSH_ALL, NULL), 1);
	assert_int_equal(flush(m, S53_FLUSH_ALL, NULL), 0);
	assert_int_equal(
	    m->ask->flush(m->ask->arg, &nowhere, on_flushed, NULL, m->why), S53_E_ABSENT);
	assert_string_equal(m->why, "there is no view 'nowhere'");
}

static void
many_flushes_wait_for_each_other_and_a_reload_changes_the_cache(void **state)
{
	static struct flushed flushed[300];
	struct s53_flush_request all = { .kind = S53_FLUSH_ALL, .view = "_default" };
	struct machine *m = *state;
	unsigned taken = 0;
	uint64_t sum = 0;

	memset(flushed, 0, sizeof(flushed));
	store(m, "a.example");
	while (m->ask->flush(m->ask->arg, &all, on_flushed, &flushed[taken], m->why) == S53_OK)
		taken++;
	assert_int_equal(taken, 256);
	write_conf(m, "", "");
	reload(m);
	for (unsigned i = 0; i < taken; i++) {
		loop_until(m, &flushed[i].done);
		sum += flushed[i].flushed;
	}
	assert_int_equal(sum, 1);
}

static void
a_flush_under_way_is_brought_to_its_end_when_the_program_ends(void **state)
{
	struct s53_flush_request all = { .kind = S53_FLUSH_ALL };
	struct flushed flushed = { 0 };
	struct machine *m = *state;

	store(m, "a.example");
	assert_int_equal(m->ask->flush(m->ask->arg, &all, on_flushed, &flushed, m->why), S53_OK);
	end_workers(&m->daemon);
	assert_true(flushed.done);
	assert_int_equal(flushed.flushed, 1);
}

/* --- fetches and dumps ----------------------------------------------------------------------- */

struct listed {
	bool done, whole;
	char *text;
};

static void
on_listed(void *arg, const struct s53_recursing *list)
{
	struct listed *listed = arg;
	size_t len;
	FILE *out;

	assert_false(listed->done);
	listed->done = true;
	listed->whole = list != NULL;
	if (list == NULL)
		return;
	out = open_memstream(&listed->text, &len);
	assert_non_null(out);
	s53_recursing_print(list, out);
	fclose(out);
}

static void
the_fetches_of_all_workers_are_listed(void **state)
{
	struct machine *m = *state;
	struct listed listed = { 0 }, second = { 0 };

	assert_int_equal(m->ask->recursing(m->ask->arg, on_listed, &listed, m->why), S53_OK);
	assert_int_equal(m->ask->recursing(m->ask->arg, on_listed, &second, m->why), S53_E_LIMIT);
	loop_until(m, &listed.done);
	assert_true(listed.whole);
	assert_string_equal(
	    listed.text, ";\n; Recursing Queries\n;\n;\n; Fetches\n;\n; Dump complete\n");
	free(listed.text);
	assert_int_equal(m->ask->recursing(m->ask->arg, on_listed, &second, m->why), S53_OK);
	end_workers(&m->daemon);
	assert_true(second.done);
	assert_false(second.whole);
	assert_null(second.text);
}

/* What waits when a walk begins shares it: all are done in one turn of the loop. */
static void
flushes_that_wait_share_a_walk(void **state)
{
	static struct flushed flushed[50];
	struct s53_name name = name_of("a.example");
	struct s53_flush_request request = { .kind = S53_FLUSH_NAME, .name = &name };
	struct machine *m = *state;
	struct listed listed = { 0 };

	memset(flushed, 0, sizeof(flushed));
	store(m, "a.example");
	m->daemon.warm = (void *)m; /* as if the cache file were being read: no walk begins */
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(
		    m->ask->flush(m->ask->arg, &request, on_flushed, &flushed[i], m->why), S53_OK);
	assert_int_equal(m->ask->recursing(m->ask->arg, on_listed, &listed, m->why), S53_OK);
	loop_until(m, &listed.done); /* its round was the last one */
	free(listed.text);
	assert_false(flushed[0].done);
	m->daemon.warm = NULL;
	loop_until(m, &flushed[0].done);
	for (unsigned i = 0; i < 50; i++) {
		assert_true(flushed[i].done);
		assert_int_equal(flushed[i].flushed, i == 0);
	}
	assert_false(facts(m).flushing);
}

static void
a_dump_of_zones_has_the_users_zones_alone(void **state)
{
	struct machine *m = *state;
	char text[4096];
	FILE *file;
	bool done = false;

	assert_int_equal(m->ask->dump(m->ask->arg, S53_DUMP_ZONES, "x", m->why), S53_E_ABSENT);
	assert_int_equal(m->ask->dump(m->ask->arg, S53_DUMP_ZONES, NULL, m->why), S53_OK);
	assert_string_equal(m->why, m->dump);
	while (!done) {
		event_base_loop(m->daemon.base, EVLOOP_NONBLOCK);
		done = !facts(m).dumping;
	}
	file = fopen(m->dump, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_non_null(strstr(text, "; Zone dump of 'loc.test/IN'\n;\nloc.test.\t60\tIN\tSOA\t"));
	assert_non_null(strstr(text, "\nwww.loc.test.\t60\tIN\tA\t192.0.2.80\n"));
	assert_null(strstr(text, "localhost"));
	assert_null(strstr(text, "Cache dump"));
	assert_null(strstr(text, "Upstreams"));
	assert_string_equal(text + strlen(text) - 16, "; Dump complete\n");
}

static unsigned rows, uses;

static void
on_row(void *arg, const struct s53_upstream_row *row)
{
	(void)arg;
	rows++;
	uses += (unsigned)row->use_count;
	assert_int_equal(row->state, S53_HEALTH_UP);
}

static void
the_list_of_servers_has_their_zones(void **state)
{
	struct machine *m = *state;

	rows = uses = 0;
	assert_int_equal(s53_upstreams_each(m->ask->registry, m->ask->policy(m->ask->arg),
			     s53_clock_ms(), on_row, NULL),
	    S53_OK);
	assert_int_equal(rows, 2);
	assert_int_equal(uses, 2);
}

static void
halt_and_stop_end_the_loop(void **state)
{
	struct machine *m = *state;

	m->ask->stop(m->ask->arg);
	assert_true(facts(m).draining);
	assert_false(m->daemon.halting);
	m->ask->halt(m->ask->arg);
	assert_true(m->daemon.halting);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, machine_new, machine_free)
		TEST(a_flush_visits_all_workers_and_then_the_cache),
		TEST(many_flushes_wait_for_each_other_and_a_reload_changes_the_cache),
		TEST(a_flush_under_way_is_brought_to_its_end_when_the_program_ends),
		TEST(the_fetches_of_all_workers_are_listed),
		TEST(flushes_that_wait_share_a_walk),
		TEST(a_dump_of_zones_has_the_users_zones_alone),
		TEST(the_list_of_servers_has_their_zones),
		TEST(halt_and_stop_end_the_loop),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
