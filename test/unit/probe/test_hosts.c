/* SPDX-License-Identifier: ISC
 *
 * test_hosts.c - host names and resolv.conf, with a DNS server on loopback and files of our own.
 *
 * The module itself is included, so that its timers can be read instead of waited for.
 */
#include "unit/transport/fake_server.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "probe/hosts.c"

struct fixture {
	struct event_base *base;
	struct fake_server server;
	struct s53_hosts *hosts;
	unsigned changes;
	char folder[64], path[96];
};

/* The data of the fake server. */
static struct {
	uint16_t rcode;
	uint8_t v4[2]; /* last octets of 192.0.2.x, 0: no record */
	uint8_t v6; /* of 2001:db8::x */
	uint32_t ttl_s;
	bool silent;
} zone;

static size_t
put_record(uint8_t *at, uint16_t type, const uint8_t *data, uint16_t len)
{
	s53_u16_put(at, 0xc00c); /* the qname */
	s53_u16_put(at + 2, type);
	s53_u16_put(at + 4, S53_CLASS_IN);
	s53_u32_put(at + 6, zone.ttl_s);
	s53_u16_put(at + 10, len);
	memcpy(at + 12, data, len);
	return 12u + len;
}

static void
answer_from_zone(struct fake_query *query)
{
	uint8_t v4[4] = { 192, 0, 2, 0 }, v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	uint8_t reply[1024];
	size_t len = S53_HEADER_LEN;
	uint16_t type, count = 0;

	if (zone.silent)
		return;
	while (query->octets[len] != 0)
		len += 1u + query->octets[len];
	type = s53_u16_get(query->octets + len + 1);
	len += 5;
	memcpy(reply, query->octets, len);
	for (unsigned i = 0; i < 2 && type == S53_TYPE_A; i++) {
		v4[3] = zone.v4[i];
		if (v4[3] != 0) {
			len += put_record(reply + len, type, v4, 4);
			count++;
		}
	}
	v6[15] = zone.v6;
	if (type == S53_TYPE_AAAA && zone.v6 != 0) {
		len += put_record(reply + len, type, v6, 16);
		count++;
	}
	s53_header_set_flags(reply, (uint16_t)(S53_QR | S53_RD | S53_RA | zone.rcode));
	s53_header_set_count(reply, S53_ANSWER, count);
	s53_header_set_count(reply, S53_ADDITIONAL, 0);
	fake_send(query, reply, len);
}

static void
on_changed(void *arg)
{
	((struct fixture *)arg)->changes++;
}

static bool
is_ourselves(const struct s53_addr *addr, void *arg)
{
	(void)arg;
	return s53_addr_is_loopback(addr);
}

static int
set_up(void **arg)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	memset(&zone, 0, sizeof(zone));
	zone.ttl_s = 300;
	f->base = event_base_new();
	fake_server_start(&f->server, f->base, "127.0.0.1", answer_from_zone);
	f->hosts = s53_hosts_new(f->base, on_changed, is_ourselves, f);
	assert_non_null(f->hosts);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/s53-hosts-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/resolv.conf", f->folder);
	*arg = f;
	return 0;
}

static int
tear_down(void **arg)
{
	struct fixture *f = *arg;

	s53_hosts_free(f->hosts);
	fake_server_stop(&f->server);
	event_base_free(f->base);
	(void)unlink(f->path);
	assert_return_code(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static void
nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static uint64_t
real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Run the loop until *value is `wanted` or `ms` are over. */
static void
run(struct fixture *f, const unsigned *value, unsigned wanted, uint64_t ms)
{
	struct event *guard = event_new(f->base, -1, EV_PERSIST, nothing, NULL);
	struct timeval step = { 0, 10000 };
	uint64_t give_up_ms = real_ms() + ms;

	event_add(guard, &step);
	while (*value != wanted && real_ms() < give_up_ms)
		event_base_loop(f->base, EVLOOP_ONCE);
	event_free(guard);
}

/* Run the loop until the lookup of the name is complete. */
static void
run_lookup(struct fixture *f, const char *name)
{
	uint64_t give_up_ms = real_ms() + 5000;
	unsigned turns = 0;

	do
		run(f, &turns, 1, 20);
	while (find(f->hosts, name)->looking && real_ms() < give_up_ms);
	assert_false(find(f->hosts, name)->looking);
}

static void
look_up_again(struct fixture *f, const char *name)
{
	look_up(find(f->hosts, name));
	run_lookup(f, name);
}

static void
use_fake_server(struct fixture *f)
{
	assert_int_equal(s53_hosts_set_servers(f->hosts, &f->server.addr, 1), S53_OK);
}

static void
use_absent_server(struct fixture *f)
{
	struct s53_addr other = fake_addr("127.0.0.9", s53_addr_port(&f->server.addr));

	assert_int_equal(s53_hosts_set_servers(f->hosts, &other, 1), S53_OK);
}

/* Seconds until the next lookup of the name. */
static long
next_lookup_s(const struct fixture *f, const char *name)
{
	struct timeval due, now;

	if (!event_pending(find(f->hosts, name)->again, EV_TIMEOUT, &due))
		return -1;
	evutil_gettimeofday(&now, NULL);
	evutil_timersub(&due, &now, &due);
	return due.tv_sec + (due.tv_usec >= 500000);
}

static void
a_lookup_finds_the_addresses_of_both_families_sorted_and_without_port(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	char text[S53_ADDR_TEXT];

	zone.v4[0] = 9;
	zone.v4[1] = 3;
	zone.v6 = 7;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "dns.example"), S53_OK);
	assert_int_equal(s53_hosts_watch(f->hosts, "DNS.example"), S53_OK);
	assert_int_equal(f->changes, 0);
	run(f, &f->changes, 1, 5000);
	assert_int_equal(f->changes, 1);
	assert_int_equal(s53_hosts_addrs(f->hosts, "dns.example", out), 3);
	assert_string_equal(s53_addr_print(&out[0], text), "192.0.2.3#0");
	assert_string_equal(s53_addr_print(&out[1], text), "192.0.2.9#0");
	assert_string_equal(s53_addr_print(&out[2], text), "2001:db8::7#0");
	assert_int_equal(s53_hosts_addrs(f->hosts, "other.example", out), 0);
}

static void
the_next_lookup_is_at_the_end_of_the_ttl_within_bounds(void **arg)
{
	struct fixture *f = *arg;

	zone.v4[0] = 1;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run_lookup(f, "a.example");
	assert_in_range(next_lookup_s(f, "a.example"), 298, 300);
	zone.ttl_s = 0;
	look_up_again(f, "a.example");
	assert_in_range(next_lookup_s(f, "a.example"), 4, 5);
	zone.ttl_s = 1000000;
	look_up_again(f, "a.example");
	assert_in_range(next_lookup_s(f, "a.example"), 86390, 86400);
}

static void
the_callback_is_called_for_changed_addresses_and_not_for_their_order(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];

	zone.v4[0] = 1;
	zone.v4[1] = 2;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run_lookup(f, "a.example");
	assert_int_equal(f->changes, 1);
	zone.v4[0] = 2;
	zone.v4[1] = 1;
	look_up_again(f, "a.example");
	assert_int_equal(f->changes, 1);
	zone.v4[0] = 8;
	look_up_again(f, "a.example");
	assert_int_equal(f->changes, 2);
	assert_int_equal(s53_hosts_addrs(f->hosts, "a.example", out), 2);
}

static void
after_a_lookup_the_only_event_is_the_timer_of_the_next_one(void **arg)
{
	struct fixture *f = *arg;
	int before = event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED), after;

	zone.v4[0] = 1;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run_lookup(f, "a.example");
	after = event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED);
	assert_int_equal(after, before + 1);
}

static void
when_a_lookup_fails_the_addresses_stay_and_retries_slow_down(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	static const uint16_t rcodes[] = { S53_RCODE_NXDOMAIN, S53_RCODE_SERVFAIL };

	zone.v4[0] = 1;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run_lookup(f, "a.example");
	zone.v4[0] = 0;
	for (unsigned i = 0; i < 2; i++) {
		zone.rcode = rcodes[i];
		look_up_again(f, "a.example");
		assert_int_equal(s53_hosts_addrs(f->hosts, "a.example", out), 1);
		assert_in_range(next_lookup_s(f, "a.example"), i, 1 + i);
	}
	find(f->hosts, "a.example")->retry_s = 50;
	look_up_again(f, "a.example");
	assert_in_range(next_lookup_s(f, "a.example"), 49, 50);
	assert_int_equal(find(f->hosts, "a.example")->retry_s, 60);
	assert_int_equal(f->changes, 1);
	zone.rcode = 0;
	zone.v4[0] = 2;
	look_up_again(f, "a.example");
	assert_int_equal(f->changes, 2);
}

static void
setting_the_same_servers_again_starts_no_lookup(void **arg)
{
	struct fixture *f = *arg;
	unsigned never = 0, queries;

	zone.v4[0] = 1;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run_lookup(f, "a.example");
	queries = f->server.udp_queries;
	assert_int_equal(f->changes, 1);
	zone.v4[0] = 2; /* a query would be noticed */
	use_fake_server(f);
	run(f, &never, 1, 50);
	assert_int_equal(f->server.udp_queries, queries);
	assert_int_equal(f->changes, 1);
	assert_in_range(next_lookup_s(f, "a.example"), 298, 300);
}

static void
setting_the_same_servers_again_does_not_interrupt_a_lookup(void **arg)
{
	struct fixture *f = *arg;
	unsigned never = 0;

	zone.silent = true;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run(f, &never, 1, 30);
	use_fake_server(f);
	assert_true(find(f->hosts, "a.example")->looking);
}

static void
a_change_of_servers_starts_a_lookup_at_once(void **arg)
{
	struct fixture *f = *arg;

	zone.v4[0] = 1;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run_lookup(f, "a.example");
	zone.v4[0] = 2;
	use_absent_server(f);
	assert_int_equal(next_lookup_s(f, "a.example"), 0);
	use_fake_server(f);
	run(f, &f->changes, 2, 5000);
	assert_int_equal(f->changes, 2);
}

static void
etc_hosts_is_enough_without_any_server(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];

	assert_int_equal(s53_hosts_watch(f->hosts, "localhost"), S53_OK);
	run(f, &f->changes, 1, 5000);
	assert_int_equal(f->changes, 1);
	assert_in_range(s53_hosts_addrs(f->hosts, "localhost", out), 1, S53_HOST_ADDRS_MAX);
	assert_true(s53_addr_is_loopback(&out[0]));
}

static void
without_servers_no_query_is_sent(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];

	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	run_lookup(f, "a.example");
	assert_int_equal(s53_hosts_addrs(f->hosts, "a.example", out), 0);
	assert_in_range(next_lookup_s(f, "a.example"), 0, 1);
}

static void
a_name_may_be_unwatched_or_the_object_freed_during_a_lookup(void **arg)
{
	struct fixture *f = *arg;
	unsigned never = 0;

	zone.silent = true;
	use_fake_server(f);
	assert_int_equal(s53_hosts_watch(f->hosts, "a.example"), S53_OK);
	assert_int_equal(s53_hosts_watch(f->hosts, "b.example"), S53_OK);
	run(f, &never, 1, 30);
	assert_true(f->server.udp_queries > 0);
	s53_hosts_unwatch(f->hosts, "a.example");
	s53_hosts_unwatch(f->hosts, "a.example");
	use_absent_server(f);
	run(f, &never, 1, 30);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The servers of the file without our own addresses, as the owner of the watch gets them. */
static unsigned
read_conf(struct fixture *f, struct s53_addr *out)
{
	unsigned count = 0, all = s53_resolv_conf_read(f->path, out, NULL);

	for (unsigned i = 0; i < all; i++)
		if (!is_ourselves(&out[i], NULL))
			out[count++] = out[i];
	s53_hosts_follow_resolv_conf(f->hosts, f->path, out, count);
	return count;
}

static void
our_own_addresses_in_resolv_conf_are_left_out(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	char text[S53_ADDR_TEXT];

	assert_int_equal(read_conf(f, out), 0); /* no such file */
	write_file(f->path, "# nameserver 192.0.2.9\nsearch example\n");
	assert_int_equal(read_conf(f, out), 0); /* names none */
	write_file(f->path,
	    "nameserver 127.0.0.1\nnameserver 192.0.2.1\noptions ndots:2\n"
	    "nameserver\t2001:db8::53\n");
	assert_int_equal(read_conf(f, out), 2);
	assert_string_equal(s53_addr_print(&out[0], text), "192.0.2.1#53");
	assert_string_equal(s53_addr_print(&out[1], text), "2001:db8::53#53");
	assert_int_equal(s53_resolv_conf_read(f->path, out, NULL), 3);
}

static void
a_resolv_conf_that_is_too_large_or_no_regular_file_has_no_servers(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	char *large = malloc(65537);

	assert_non_null(large);
	memset(large, '\n', 65536);
	large[65536] = '\0';
	memcpy(large, "nameserver 192.0.2.1", 20);
	large[65535] = '\0'; /* one byte below the limit */
	write_file(f->path, large);
	assert_int_equal(read_conf(f, out), 1);
	large[65535] = '\n';
	write_file(f->path, large);
	assert_int_equal(read_conf(f, out), 1);
	assert_int_equal(truncate(f->path, 65537), 0);
	assert_int_equal(read_conf(f, out), 0);
	free(large);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(read_conf(f, out), 0);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(symlink("/dev/zero", f->path), 0);
	assert_int_equal(read_conf(f, out), 0);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(symlink("/dev/null", f->path), 0);
	assert_int_equal(read_conf(f, out), 0);
}

static void
a_replaced_resolv_conf_is_reported_when_its_servers_differ(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	char other[128], text[S53_ADDR_TEXT];

	(void)snprintf(other, sizeof(other), "%s.new", f->path);
	write_file(f->path, "nameserver 192.0.2.1\n");
	assert_int_equal(read_conf(f, out), 1);
	write_file(other, "nameserver 192.0.2.2\n");
	assert_return_code(rename(other, f->path), 0);
	run(f, &f->changes, 1, 5000);
	assert_int_equal(f->changes, 1);
	assert_int_equal(read_conf(f, out), 1);
	assert_string_equal(s53_addr_print(&out[0], text), "192.0.2.2#53");

	write_file(f->path, "# the same\nnameserver 192.0.2.2\n");
	run(f, &f->changes, 2, 200);
	assert_int_equal(f->changes, 1);
	write_file(f->path, "nameserver 192.0.2.3\n"); /* in place */
	run(f, &f->changes, 2, 5000);
	assert_int_equal(f->changes, 2);
	assert_return_code(unlink(f->path), 0);
	run(f, &f->changes, 3, 5000);
	assert_int_equal(f->changes, 3);
	assert_int_equal(read_conf(f, out), 0);
}

static void
adding_our_own_address_to_resolv_conf_is_no_change(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];

	write_file(f->path, "nameserver 192.0.2.1\n");
	assert_int_equal(read_conf(f, out), 1);
	write_file(f->path, "nameserver 127.0.0.1\nnameserver 192.0.2.1\n");
	run(f, &f->changes, 1, 200);
	assert_int_equal(f->changes, 0);
}

static void
a_change_between_reading_resolv_conf_and_watching_it_is_noticed(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];

	write_file(f->path, "nameserver 192.0.2.1\n");
	assert_int_equal(s53_resolv_conf_read(f->path, out, NULL), 1);
	write_file(f->path, "nameserver 192.0.2.2\n");
	s53_hosts_follow_resolv_conf(f->hosts, f->path, out, 1);
	assert_int_equal(f->changes, 0); /* never from within the call */
	run(f, &f->changes, 1, 5000);
	assert_int_equal(f->changes, 1);
}

static void
a_name_that_is_not_watched_has_the_addresses_of_etc_hosts_and_is_not_queried(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	int before = event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED);
	unsigned never = 0;

	zone.v4[0] = 1;
	use_fake_server(f);
	assert_in_range(s53_hosts_addrs(f->hosts, "localhost", out), 1, S53_HOST_ADDRS_MAX);
	assert_in_range(s53_hosts_addrs(NULL, "localhost", out), 1, S53_HOST_ADDRS_MAX);
	assert_true(s53_addr_is_loopback(&out[0]));
	assert_int_equal(s53_addr_port(&out[0]), 0);
	assert_int_equal(s53_hosts_addrs(f->hosts, "a.example", out), 0);
	assert_int_equal(event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED), before);
	run(f, &never, 1, 30);
	assert_int_equal(f->server.udp_queries, 0);
}

static void
the_target_of_resolv_conf_is_watched_when_it_is_a_link(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	char folder[96], target[128], other[128];

	(void)snprintf(folder, sizeof(folder), "%s/run", f->folder);
	(void)snprintf(target, sizeof(target), "%s/stub", folder);
	(void)snprintf(other, sizeof(other), "%s/new", folder);
	assert_return_code(mkdir(folder, 0700), 0);
	write_file(target, "nameserver 192.0.2.1\n");
	assert_return_code(symlink("run/stub", f->path), 0);
	assert_int_equal(read_conf(f, out), 1);
	write_file(other, "nameserver 192.0.2.2\nnameserver 192.0.2.3\n");
	assert_return_code(rename(other, target), 0);
	run(f, &f->changes, 1, 5000);
	assert_int_equal(f->changes, 1);
	assert_int_equal(read_conf(f, out), 2);
	assert_return_code(unlink(target), 0);
	assert_return_code(rmdir(folder), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_lookup_finds_the_addresses_of_both_families_sorted_and_without_port),
		TEST(the_next_lookup_is_at_the_end_of_the_ttl_within_bounds),
		TEST(the_callback_is_called_for_changed_addresses_and_not_for_their_order),
		TEST(after_a_lookup_the_only_event_is_the_timer_of_the_next_one),
		TEST(when_a_lookup_fails_the_addresses_stay_and_retries_slow_down),
		TEST(setting_the_same_servers_again_starts_no_lookup),
		TEST(setting_the_same_servers_again_does_not_interrupt_a_lookup),
		TEST(a_change_of_servers_starts_a_lookup_at_once),
		TEST(etc_hosts_is_enough_without_any_server),
		TEST(without_servers_no_query_is_sent),
		TEST(a_name_may_be_unwatched_or_the_object_freed_during_a_lookup),
		TEST(our_own_addresses_in_resolv_conf_are_left_out),
		TEST(a_resolv_conf_that_is_too_large_or_no_regular_file_has_no_servers),
		TEST(a_replaced_resolv_conf_is_reported_when_its_servers_differ),
		TEST(adding_our_own_address_to_resolv_conf_is_no_change),
		TEST(a_change_between_reading_resolv_conf_and_watching_it_is_noticed),
		TEST(a_name_that_is_not_watched_has_the_addresses_of_etc_hosts_and_is_not_queried),
		TEST(the_target_of_resolv_conf_is_watched_when_it_is_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
