/* SPDX-License-Identifier: ISC
 *
 * test_operations.c - what an operator may ask, against a daemon with two workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/log.h>
#include <split53/upstream_list.h>
#include <split53/zone.h>

#include <daemon/flush.h>
#include <daemon/inside.h>

#define WORKERS 2
#define FORWARD \
	"zone \"fwd.test\" { type forward; forward only; forwarders { 127.0.0.9 port 9; }; };"

struct machine {
	struct s53_daemon daemon;
	struct s53_options options;
	struct s53_operations *ask;
	char listen_on[64]; /* a statement: a port that was free */
	char folder[64], conf[96], zone[96], dump[96];
	char why[S53_OPERATION_WHY];
};

static void
nothing(void *arg)
{
	(void)arg;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
write_conf(const struct machine *m, const char *options, const char *rest)
{
	char text[2048];

	snprintf(text, sizeof text,
	    "options { %s listen-on-v6 { none; }; max-cache-size 4m;\n"
	    "directory \"%s\"; dump-file \"dump\"; forwarders { 127.0.0.2 port 9; };\n%s };\n%s\n",
	    m->listen_on, m->folder, options, rest);
	write_file(m->conf, text);
}

static void
write_zone(const struct machine *m, const char *addr)
{
	char text[256];

	snprintf(text, sizeof text,
	    "$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2.1\nwww A %s\n", addr);
	write_file(m->zone, text);
}

static void
find_port(struct machine *m)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	snprintf(m->listen_on, sizeof m->listen_on, "listen-on port %u { 127.0.0.1; };",
	    ntohs(in.sin_port));
}

static void
make_parts(struct s53_daemon *daemon)
{
	struct s53_dump_source shown = { .counter = s53_daemon_counter, .arg = daemon };

	daemon->notify_fd = -1;
	s53_list_init(&daemon->listeners);
	s53_list_init(&daemon->flushes);
	daemon->base = event_base_new();
	daemon->registry = s53_registry_new();
	daemon->hosts = s53_hosts_new(daemon->base, nothing, NULL, NULL);
	daemon->listeners_again = evtimer_new(daemon->base, on_timer, NULL);
	shown.base = daemon->base;
	shown.registry = daemon->registry;
	daemon->dumper = s53_dumper_new(&shown);
	assert_int_equal(s53_rounds_init(daemon), S53_OK);
	assert_true(s53_daemon_read_interfaces(daemon));
	daemon->snapshot = s53_snapshot_new();
	assert_non_null(daemon->snapshot);
}

static int
machine_new(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct s53_daemon *daemon = &m->daemon;

	assert_non_null(m);
	s53_log_to_stderr(0);
	strcpy(m->folder, "/tmp/s53-operations-XXXXXX");
	assert_non_null(mkdtemp(m->folder));
	snprintf(m->conf, sizeof m->conf, "%s/named.conf", m->folder);
	snprintf(m->zone, sizeof m->zone, "%s/loc.zone", m->folder);
	snprintf(m->dump, sizeof m->dump, "%s/dump", m->folder);
	m->options.config_path = m->options.config_shown = m->conf;
	m->options.log_stderr = true;
	daemon->options = &m->options;
	make_parts(daemon);
	find_port(m);
	write_zone(m, "192.0.2.80");
	write_conf(m, "", FORWARD "zone \"loc.test\" { type primary; file \"loc.zone\"; };");
	assert_int_equal(s53_daemon_reload(daemon), S53_OK);
	daemon->workers = calloc(WORKERS, sizeof(*daemon->workers));
	for (unsigned i = 0; i < WORKERS; i++) {
		daemon->workers[i] = s53_worker_new(i, &daemon->shared, &daemon->snapshot->policy);
		assert_non_null(daemon->workers[i]);
		daemon->worker_count++;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(s53_worker_start(daemon->workers[i]), S53_OK);
	s53_daemon_operate(daemon);
	m->ask = &daemon->operations;
	*state = m;
	return 0;
}

static void
end_workers(struct s53_daemon *daemon)
{
	for (unsigned i = 0; i < daemon->worker_count; i++)
		s53_worker_drain(daemon->workers[i], 0);
	for (unsigned i = 0; i < daemon->worker_count; i++)
		s53_worker_join(daemon->workers[i]);
	daemon->worker_count = 0;
	s53_rounds_fini(daemon);
	s53_daemon_end_flushes(daemon);
}

static int
machine_free(void **state)
{
	struct machine *m = *state;
	struct s53_daemon *daemon = &m->daemon;

	end_workers(daemon);
	s53_tcp_limits_fini(&daemon->shared.tcp);
	free(daemon->workers);
	s53_dumper_free(daemon->dumper);
	s53_hosts_free(daemon->hosts);
	s53_snapshot_drop(daemon->snapshot);
	s53_source_free(daemon->source);
	s53_registry_free(daemon->registry);
	s53_listeners_fini(daemon);
	s53_addr_list_fini(&daemon->foreign);
	event_free(daemon->listeners_again);
	event_base_free(daemon->base);
	free(daemon->interfaces);
	unlink(m->conf);
	unlink(m->zone);
	unlink(m->dump);
	rmdir(m->folder);
	s53_log_set_debug_level(0);
	free(m);
	return 0;
}

/* Run the main loop until it is so. */
static void
loop_until(struct machine *m, const bool *done)
{
	while (!*done)
		event_base_loop(m->daemon.base, EVLOOP_ONCE);
}

static struct s53_facts
facts(struct machine *m)
{
	struct s53_facts out;

	m->ask->facts(m->ask->arg, &out);
	return out;
}

static struct s53_name
name_of(const char *text)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(text, &name), S53_OK);
	return name;
}

static void
reload(struct machine *m)
{
	assert_int_equal(m->ask->reload(m->ask->arg, m->why), S53_OK);
}

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

	assert_int_equal(m->ask->set_serve_stale(m->ask->arg, to, m->why), S53_OK);
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
	assert_int_equal(facts(m).upstreams_set_down, 1);
	assert_int_equal(s53_addr_parse("127.0.0.8", 9, &addr), S53_OK);
	assert_int_equal(
	    m->ask->set_upstream(m->ask->arg, &addr, true, S53_ADMIN_DOWN, &count, m->why),
	    S53_E_ABSENT);
}

/* --- configuration --------------------------------------------------------------------------- */

static void
a_reload_that_fails_says_where(void **state)
{
	struct machine *m = *state;
	char expected[128];

	write_file(m->conf, "options {\n\tdirectory 7 8;\n};\n");
	assert_int_equal(m->ask->reload(m->ask->arg, m->why), S53_E_SYNTAX);
	snprintf(expected, sizeof expected, "%s:2:", m->conf);
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
	s53_reply_begin(&reply, octets, sizeof octets, 0, S53_QR, &question);
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
	assert_int_equal(m->ask->reconfig(m->ask->arg, m->why), S53_OK);
	assert_int_equal(octet_of_www(m), 80);
	reload(m);
	assert_int_equal(octet_of_www(m), 81);
	write_zone(m, "192.0.2.82");
	assert_int_equal(m->ask->reload_zone(m->ask->arg, &loc, NULL, m->why), S53_OK);
	assert_string_equal(m->why, "zone reload successful");
	assert_int_equal(octet_of_www(m), 82);
	assert_int_equal(m->ask->reload_zone(m->ask->arg, &fwd, NULL, m->why), S53_OK);
	assert_string_equal(m->why, "zone reload up-to-date");
	assert_int_equal(m->ask->reload_zone(m->ask->arg, &none, NULL, m->why), S53_E_ABSENT);
	assert_string_equal(m->why, "no matching zone 'none.test' in any view");
	assert_int_equal(m->ask->reload_zone(m->ask->arg, &loc, "x", m->why), S53_E_ABSENT);
	write_file(m->zone, "$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2\n");
	assert_int_equal(m->ask->reload_zone(m->ask->arg, &loc, "_default", m->why), S53_E_SYNTAX);
	assert_non_null(strstr(m->why, "loc.zone:4:"));
	assert_int_equal(octet_of_www(m), 82);
}

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
	    &(struct s53_cache_ask){ .key = &key, .rules = &with, .now_ms = s53_clock_ms() }, 0,
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

	memset(flushed, 0, sizeof flushed);
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
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
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
		TEST(switches_survive_a_reload_until_they_are_given_back),
		TEST(the_debug_level_is_in_force_at_once_and_after_a_reload),
		TEST(serve_stale_overrides_what_is_given_out_and_not_what_is_kept),
		TEST(facts_count_what_there_is),
		TEST(a_reset_lets_counters_begin_at_zero),
		TEST(a_server_set_down_stays_down_when_a_reload_changes_its_options),
		TEST(a_reload_that_fails_says_where),
		TEST(reconfig_reads_no_loaded_zone_file_again_but_reload_does),
		TEST(a_flush_visits_all_workers_and_then_the_cache),
		TEST(many_flushes_wait_for_each_other_and_a_reload_changes_the_cache),
		TEST(a_flush_under_way_is_brought_to_its_end_when_the_program_ends),
		TEST(the_fetches_of_all_workers_are_listed),
		TEST(a_dump_of_zones_has_the_users_zones_alone),
		TEST(the_list_of_servers_has_their_zones),
		TEST(halt_and_stop_end_the_loop),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
