/* SPDX-License-Identifier: ISC
 *
 * test_daemon_reload.c - what a reload changes, and that a failed one changes nothing: a daemon
 * without workers, on real sockets of the loopback.
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

#include <split53/log.h>

#include <daemon/inside.h>

struct machine {
	struct s53_daemon daemon;
	struct s53_options options;
	char conf[64], resolv_conf[64];
	char listen_on[64], taken[64]; /* statements: a free port; a port in use */
	int udp; /* the socket of that program */
};

static void
nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void
on_changed(void *arg)
{
	(void)arg;
}

/* Bind a port of this process's own loopback address and write the statement that listens there. */
static int
bind_port(char *statement, size_t size, unsigned last)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	unsigned number = (unsigned)getpid();
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	in.sin_addr.s_addr = htonl(127u << 24 | 84u << 16 | (number & 0x3fffu) << 2 | (last & 3u));
	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	snprintf(statement, size, "listen-on port %u { 127.84.%u.%u; };", ntohs(in.sin_port),
	    (ntohl(in.sin_addr.s_addr) >> 8) & 255u, ntohl(in.sin_addr.s_addr) & 255u);
	return fd;
}

static void
write_conf(const struct machine *m, const char *listen_on, const char *options, const char *rest)
{
	FILE *file = fopen(m->conf, "w");

	assert_non_null(file);
	fprintf(file, "options { listen-on-v6 { none; }; max-cache-size 0; %s %s };\n%s\n",
	    listen_on, options, rest);
	fclose(file);
}

static void
write_good(const struct machine *m)
{
	write_conf(m, m->listen_on, "forwarders { 127.0.0.2 port 9; \"old.invalid\"; };", "");
}

static int
machine_new(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct s53_daemon *daemon = &m->daemon;

	assert_non_null(m);
	s53_log_to_stderr(0);
	strcpy(m->conf, "/tmp/s53-reload-conf-XXXXXX");
	close(mkstemp(m->conf));
	strcpy(m->resolv_conf, "/tmp/s53-reload-resolv-XXXXXX");
	close(mkstemp(m->resolv_conf));
	setenv("SPLIT53_RESOLV_CONF", m->resolv_conf, 1);
	close(bind_port(m->listen_on, sizeof(m->listen_on), 1));
	m->udp = bind_port(m->taken, sizeof(m->taken), 2);
	m->options.config_path = m->options.config_shown = m->conf;
	m->options.log_stderr = true;
	daemon->options = &m->options;
	daemon->notify_fd = -1;
	s53_list_init(&daemon->listeners);
	s53_list_init(&daemon->channels);
	daemon->base = event_base_new();
	daemon->registry = s53_registry_new();
	daemon->book = s53_tally_book_new();
	assert_non_null(daemon->book);
	daemon->hosts = s53_hosts_new(daemon->base, on_changed, NULL, NULL);
	daemon->listeners_again = evtimer_new(daemon->base, nothing, NULL);
	assert_non_null(daemon->hosts);
	assert_true(s53_daemon_read_interfaces(daemon));
	daemon->snapshot = s53_snapshot_new(); /* a reload needs one to replace */
	assert_non_null(daemon->snapshot);
	write_good(m);
	assert_int_equal(s53_daemon_reload(daemon), S53_OK);
	*state = m;
	return 0;
}

static int
machine_free(void **state)
{
	struct machine *m = *state;
	struct s53_daemon *daemon = &m->daemon;

	s53_hosts_free(daemon->hosts);
	s53_daemon_retired_fini(daemon);
	s53_snapshot_drop(daemon->snapshot);
	s53_source_free(daemon->source);
	s53_registry_free(daemon->registry);
	s53_tally_book_free(daemon->book);
	s53_listeners_fini(daemon);
	s53_addr_list_fini(&daemon->foreign);
	event_free(daemon->listeners_again);
	event_base_free(daemon->base);
	free(daemon->interfaces);
	close(m->udp);
	unlink(m->conf);
	unlink(m->resolv_conf);
	unsetenv("SPLIT53_RESOLV_CONF");
	free(m);
	return 0;
}

static bool
count_upstream(struct s53_upstream *upstream, void *arg)
{
	(void)upstream;
	++*(unsigned *)arg;
	return true;
}

/* All that a reload may start or change, as numbers. */
struct state {
	const struct s53_snapshot *snapshot;
	const struct s53_source *source;
	int events; /* timers of watched names, queries under way, the watch of resolv.conf */
	unsigned upstreams, listeners, foreign;
	bool foreign_changed;
};

static struct state
state_of(const struct machine *m)
{
	const struct s53_daemon *daemon = &m->daemon;
	struct state state;

	memset(&state, 0, sizeof(state)); /* compared whole */
	state.snapshot = daemon->snapshot;
	state.source = daemon->source;
	state.events = event_base_get_num_events(daemon->base, EVENT_BASE_COUNT_ADDED);
	if (daemon->retired_event != NULL && evtimer_pending(daemon->retired_event, NULL))
		state.events--; /* memory is returned after every reload */
	s53_registry_each(daemon->registry, count_upstream, &state.upstreams);
	S53_LIST_EACH (&daemon->listeners, it)
		state.listeners++;
	state.foreign = daemon->foreign.count;
	state.foreign_changed = daemon->foreign_changed;
	return state;
}

static void
check_fails_and_changes_nothing(struct machine *m, enum s53_status status)
{
	const struct state before = state_of(m);
	struct state after;

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(s53_daemon_reload(&m->daemon), status);
		after = state_of(m);
		assert_memory_equal(&before, &after, sizeof(before));
	}
}

static void
a_reload_watches_the_names_of_its_file_and_no_others(void **state)
{
	struct machine *m = *state;
	const struct state first = state_of(m);
	struct state now;

	write_conf(
	    m, m->listen_on, "forwarders { 127.0.0.3 port 9; \"new.invalid\"; localhost; };", "");
	assert_int_equal(s53_daemon_reload(&m->daemon), S53_OK);
	now = state_of(m);
	assert_true(now.snapshot != first.snapshot);
	assert_true(now.events > first.events); /* the timer of localhost, which is known */
	write_good(m);
	assert_int_equal(s53_daemon_reload(&m->daemon), S53_OK);
	assert_int_equal(state_of(m).upstreams, first.upstreams);
	assert_true(state_of(m).events < now.events);
}

/* By the main thread, which has no clients, and not before the last that began with it is done. */
static void
a_snapshot_that_is_in_force_no_longer_is_freed_when_nothing_uses_it(void **state)
{
	struct machine *m = *state;
	struct s53_policy *used = s53_policy_keep(&m->daemon.snapshot->policy);

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(s53_daemon_reload(&m->daemon), S53_OK);
	assert_non_null(m->daemon.retired);
	assert_ptr_equal(&m->daemon.retired->policy, used);
	assert_null(m->daemon.retired->next); /* the other two have gone */
	s53_policy_drop(used);
	while (m->daemon.retired != NULL)
		event_base_loop(m->daemon.base, EVLOOP_ONCE);
	assert_false(evtimer_pending(m->daemon.retired_event, NULL)); /* no more wake-ups */
}

static void
a_reload_follows_resolv_conf_only_while_its_file_needs_it(void **state)
{
	struct machine *m = *state;
	const int before = state_of(m).events;

	write_conf(m, m->listen_on, "", "");
	assert_int_equal(s53_daemon_reload(&m->daemon), S53_OK);
	assert_true(m->daemon.snapshot->uses_resolv_conf);
	write_good(m);
	assert_int_equal(s53_daemon_reload(&m->daemon), S53_OK);
	assert_false(m->daemon.snapshot->uses_resolv_conf);
	assert_int_equal(state_of(m).events, before);
}

static void
a_reload_of_a_broken_file_changes_nothing(void **state)
{
	struct machine *m = *state;

	write_conf(m, m->listen_on, "forwarders { 127.0.0.3; \"new.invalid\"; };", "options {");
	check_fails_and_changes_nothing(m, S53_E_SYNTAX);
}

/* The parser accepts this file; the error is found while the snapshot is built. */
static void
a_reload_that_cannot_be_built_changes_nothing(void **state)
{
	char options[2048] = "forwarders { 127.0.0.3 port 9; \"new.invalid\"; };";
	struct machine *m = *state;

	for (unsigned i = 0; i < 64; i++) /* one more than the limit */
		strcat(options, " listen-on { none; };");
	write_conf(m, m->listen_on, options, "");
	check_fails_and_changes_nothing(m, S53_E_SYNTAX);
}

/* The snapshot is built, but another program listens on an address of the file. */
static void
a_reload_with_a_listener_that_cannot_be_opened_changes_nothing(void **state)
{
	struct machine *m = *state;

	write_conf(m, m->taken, "forwarders { 127.0.0.3 port 9; \"new.invalid\"; };", "");
	check_fails_and_changes_nothing(m, S53_E_IO);
	write_conf(m, m->taken, "", ""); /* resolv.conf would be watched */
	check_fails_and_changes_nothing(m, S53_E_IO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, machine_new, machine_free)
		TEST(a_reload_watches_the_names_of_its_file_and_no_others),
		TEST(a_snapshot_that_is_in_force_no_longer_is_freed_when_nothing_uses_it),
		TEST(a_reload_follows_resolv_conf_only_while_its_file_needs_it),
		TEST(a_reload_of_a_broken_file_changes_nothing),
		TEST(a_reload_that_cannot_be_built_changes_nothing),
		TEST(a_reload_with_a_listener_that_cannot_be_opened_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
