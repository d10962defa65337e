/* SPDX-License-Identifier: ISC
 *
 * operations_fixture.h - a daemon with two workers on a loopback address, and its operations.
 */
#pragma once

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

static inline void
nothing(void *arg)
{
	(void)arg;
}

static inline void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static inline void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline void
write_conf(const struct machine *m, const char *options, const char *rest)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "options { %s listen-on-v6 { none; }; max-cache-size 4m;\n"
	    "directory \"%s\"; dump-file \"dump\"; forwarders { 127.0.0.2 port 9; };\n%s };\n%s\n",
	    m->listen_on, m->folder, options, rest);
	write_file(m->conf, text);
}

static inline void
write_zone(const struct machine *m, const char *addr)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2.1\nwww A %s\n", addr);
	write_file(m->zone, text);
}

/* Other programs of this machine have ports, too: one that is free for both transports. */
static inline void
find_port(struct machine *m)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	bool is_free = false;

	while (!is_free) {
		int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);

		in = (struct sockaddr_in){ .sin_family = AF_INET };
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		assert_int_equal(bind(udp, (struct sockaddr *)&in, len), 0);
		assert_int_equal(getsockname(udp, (struct sockaddr *)&in, &len), 0);
		is_free = bind(tcp, (struct sockaddr *)&in, len) == 0;
		close(udp);
		close(tcp);
	}
	snprintf(m->listen_on, sizeof(m->listen_on), "listen-on port %u { 127.0.0.1; };",
	    ntohs(in.sin_port));
}

static inline void
make_parts(struct s53_daemon *daemon)
{
	struct s53_stats_source facts;

	daemon->notify_fd = -1;
	s53_list_init(&daemon->listeners);
	s53_list_init(&daemon->flushes);
	daemon->base = event_base_new();
	daemon->registry = s53_registry_new();
	daemon->hosts = s53_hosts_new(daemon->base, nothing, NULL, NULL);
	daemon->listeners_again = evtimer_new(daemon->base, on_timer, NULL);
	daemon->book = s53_tally_book_new();
	s53_list_init(&daemon->channels);
	facts = s53_daemon_facts(daemon);
	daemon->statistics = s53_stats_http_new(daemon->base, &facts);
	assert_non_null(daemon->statistics);
	daemon->dumper = s53_dumper_new(daemon->base, s53_stats_http_source(daemon->statistics));
	assert_int_equal(s53_rounds_init(daemon), S53_OK);
	assert_true(s53_daemon_read_interfaces(daemon));
	daemon->snapshot = s53_snapshot_new();
	assert_non_null(daemon->snapshot);
}

static inline int
machine_new(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct s53_daemon *daemon = &m->daemon;

	assert_non_null(m);
	s53_log_to_stderr(0);
	strcpy(m->folder, "/tmp/s53-operations-XXXXXX");
	assert_non_null(mkdtemp(m->folder));
	snprintf(m->conf, sizeof(m->conf), "%s/named.conf", m->folder);
	snprintf(m->zone, sizeof(m->zone), "%s/loc.zone", m->folder);
	snprintf(m->dump, sizeof(m->dump), "%s/dump", m->folder);
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

static inline void
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

static inline int
machine_free(void **state)
{
	struct machine *m = *state;
	struct s53_daemon *daemon = &m->daemon;

	end_workers(daemon);
	s53_tcp_limits_fini(&daemon->shared.tcp);
	free(daemon->workers);
	s53_dumper_free(daemon->dumper);
	s53_channels_fini(daemon);
	s53_stats_http_free(daemon->statistics);
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
	unlink(m->conf);
	unlink(m->zone);
	unlink(m->dump);
	rmdir(m->folder);
	s53_log_set_debug_level(0);
	free(m);
	return 0;
}

/* Run the main loop until it is so. */
static inline void
loop_until(struct machine *m, const bool *done)
{
	while (!*done)
		event_base_loop(m->daemon.base, EVLOOP_ONCE);
}

static inline struct s53_facts
facts(struct machine *m)
{
	struct s53_facts out;

	m->ask->facts(m->ask->arg, &out);
	return out;
}

static inline struct s53_name
name_of(const char *text)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(text, &name), S53_OK);
	return name;
}

static inline void
on_done(void *arg)
{
	assert_false(*(bool *)arg);
	*(bool *)arg = true;
}

static inline void
reload(struct machine *m)
{
	bool done = false;

	assert_int_equal(m->ask->reload(m->ask->arg, on_done, &done, m->why), S53_OK);
	assert_false(done); /* no worker has taken it yet: this thread has not been told so */
	loop_until(m, &done);
}
