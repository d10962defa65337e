/* SPDX-License-Identifier: ISC
 *
 * test_probe_run.c - single probes through c-ares, with servers on loopback.
 */
#include "unit/transport/fake_server.h"

#include <errno.h>
#include <net/if.h>
#include <sys/resource.h>
#include <time.h>

#include <split53/clock.h>
#include <split53/probe.h>

#include "probe/probe_run.h"

/*
 * The clock of the probes stands still until a test sets it, so that a timeout comes when the test
 * says so, however busy the machine is.
 */
#define START_MS 1000000
#define LONG_MS 5000 /* for tests in which nothing may time out */
#define SHORT_MS 150 /* for tests of the timeout */
#define LIVENESS_MS 30

struct fixture {
	struct event_base *base;
	struct fake_server server;
	struct s53_registry *registry;
	struct s53_upstream *upstream;
	struct s53_health_check check;
	struct s53_probe_run *run;
	bool ended;
	enum s53_probe_end end;
	uint32_t rtt_ms;
};

/* The last query of each kind that the fake server received, and how it behaves. */
static struct {
	uint8_t readiness[512], liveness[512];
	size_t readiness_len, liveness_len;
	struct s53_addr from;
	bool is_tcp;
	uint16_t rcode;
	bool ignores_readiness, ignores_liveness, garbles;
} seen;

static bool
is_liveness_query(const struct fake_query *query)
{
	return (s53_header_flags(query->octets) & S53_RD) == 0;
}

static void
on_query(struct fake_query *query)
{
	bool is_liveness = is_liveness_query(query);
	uint8_t *copy = is_liveness ? seen.liveness : seen.readiness;

	assert_true(query->len <= sizeof(seen.readiness));
	memcpy(copy, query->octets, query->len);
	*(is_liveness ? &seen.liveness_len : &seen.readiness_len) = query->len;
	seen.from = query->from;
	seen.is_tcp = query->conn != NULL;
	if (is_liveness ? seen.ignores_liveness : seen.ignores_readiness)
		return;
	if (seen.garbles)
		query->len = S53_HEADER_LEN + 1; /* a truncated question */
	fake_reply(query, is_liveness ? S53_RCODE_REFUSED : seen.rcode);
}

static void
use_server(struct fixture *f, const struct s53_addr *addr, const struct s53_addr *source)
{
	struct s53_upstream_options options = { .edns = true };

	if (source != NULL)
		options.source = *source;
	s53_upstream_drop(f->upstream);
	f->upstream = s53_registry_get(f->registry, addr, &options);
	assert_non_null(f->upstream);
	s53_upstream_set_check(f->upstream, &f->check);
}

static int
set_up(void **arg)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct s53_name apex;

	assert_non_null(f);
	memset(&seen, 0, sizeof(seen));
	s53_clock_test_set(START_MS);
	f->base = event_base_new();
	fake_server_start(&f->server, f->base, "127.0.0.1", on_query);
	f->registry = s53_registry_new();
	assert_int_equal(s53_name_parse("consul.", &apex), S53_OK);
	s53_health_check_init(&f->check, &apex);
	use_server(f, &f->server.addr, NULL);
	*arg = f;
	return 0;
}

static int
tear_down(void **arg)
{
	struct fixture *f = *arg;

	s53_clock_test_set(UINT64_MAX);
	fake_server_stop(&f->server);
	s53_upstream_drop(f->upstream);
	s53_registry_free(f->registry);
	event_base_free(f->base);
	free(f);
	return 0;
}

static void
on_done(void *arg, struct s53_probe_run *run, enum s53_probe_end end, uint32_t rtt_ms)
{
	struct fixture *f = arg;

	assert_false(f->ended);
	assert_ptr_equal(run, f->run);
	assert_ptr_equal(s53_probe_run_spec(run)->upstream, f->upstream);
	f->ended = true;
	f->end = end;
	f->rtt_ms = rtt_ms;
	s53_probe_run_free(run);
	f->run = NULL;
	event_base_loopbreak(f->base);
}

static void
begin(struct fixture *f, const struct s53_probe *probe)
{
	struct s53_probe_run_spec ask = {
		.base = f->base, .upstream = f->upstream, .probe = *probe, .arg = f, .done = on_done
	};

	f->ended = false;
	f->run = s53_probe_run_start(&ask);
	assert_non_null(f->run);
	assert_false(f->ended); /* never from within the call */
}

#define LOOP_UNTIL(f, condition)                                 \
	do {                                                     \
		time_t limit_ = time(NULL) + 30;                 \
		while (!(condition) && time(NULL) < limit_)      \
			event_base_loop((f)->base, EVLOOP_ONCE); \
		assert_true(condition);                          \
	} while (0)

static enum s53_probe_end
run(struct fixture *f)
{
	LOOP_UNTIL(f, f->ended);
	return f->end;
}

/* Let the server get `count` queries in all, and the probe what it replies. */
static void
run_until_queries(struct fixture *f, unsigned count)
{
	LOOP_UNTIL(f, f->server.udp_queries + f->server.tcp_queries >= count);
	for (unsigned i = 0; i < 20; i++)
		event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static enum s53_probe_end
probe(struct fixture *f, enum s53_probe_kind kind, enum s53_protocol over)
{
	begin(f, &(struct s53_probe){ .kind = kind, .over = over, .timeout_ms = LONG_MS });
	return run(f);
}

/* The probe's timeout comes when the server has got the queries and all replies are in. */
static enum s53_probe_end
probe_to_the_timeout(struct fixture *f, const struct s53_probe *spec)
{
	unsigned queries = f->server.udp_queries + f->server.tcp_queries;

	begin(f, spec);
	run_until_queries(f, ++queries);
	if (spec->liveness_after_ms > 0) {
		s53_clock_test_set(START_MS + spec->liveness_after_ms);
		run_until_queries(f, ++queries);
	}
	s53_clock_test_set(START_MS + spec->timeout_ms);
	run(f);
	s53_clock_test_set(START_MS);
	return f->end;
}

static enum s53_probe_end
short_probe(struct fixture *f, enum s53_probe_kind kind, enum s53_protocol over)
{
	return probe_to_the_timeout(
	    f, &(struct s53_probe){ .kind = kind, .over = over, .timeout_ms = SHORT_MS });
}

static void
a_reply_to_the_query_of_the_check_ends_the_probe_at_once(void **arg)
{
	static const uint8_t question[] = "\6consul\0\0\6\0"; /* and 1, the class */
	struct fixture *f = *arg;

	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	assert_int_equal(f->rtt_ms, 0); /* no time has passed */
	assert_int_equal(f->server.udp_queries, 1);
	assert_int_equal(seen.readiness_len, S53_HEADER_LEN + 8 + 4);
	assert_memory_equal(seen.readiness + S53_HEADER_LEN, question, sizeof(question) - 1);
	assert_int_equal(s53_u16_get(seen.readiness + seen.readiness_len - 2), S53_CLASS_IN);
	assert_int_equal(s53_header_flags(seen.readiness), S53_RD);
	assert_int_equal(s53_header_count(seen.readiness, S53_ADDITIONAL), 0); /* no EDNS */
}

static void
each_probe_has_a_port_and_an_id_of_its_own(void **arg)
{
	struct fixture *f = *arg;
	unsigned ports = 0, ids = 0;
	uint16_t port = 0, id = 0;

	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
		ports += s53_addr_port(&seen.from) != port;
		ids += s53_header_id(seen.readiness) != id;
		port = s53_addr_port(&seen.from);
		id = s53_header_id(seen.readiness);
	}
	assert_true(ports >= 6 && ids >= 6);
}

static void
types_that_c_ares_does_not_know_can_be_queried(void **arg)
{
	static const uint16_t types[] = { S53_TYPE_NS, 64, 99, 65400 };
	struct fixture *f = *arg;

	f->check.name = (struct s53_name){ .len = 1 }; /* the root */
	for (unsigned i = 0; i < 4; i++) {
		f->check.type = types[i];
		s53_upstream_set_check(f->upstream, &f->check);
		assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
		assert_int_equal(s53_u16_get(seen.readiness + seen.readiness_len - 4), types[i]);
	}
}

static void
servfail_is_unfit_and_other_rcodes_are_declined_unless_accepted(void **arg)
{
	struct fixture *f = *arg;

	seen.rcode = S53_RCODE_SERVFAIL;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_UNFIT);
	seen.rcode = S53_RCODE_REFUSED;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_DECLINED);
	seen.rcode = S53_RCODE_NXDOMAIN;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	f->check.accept = UINT32_C(1) << S53_RCODE_REFUSED;
	s53_upstream_set_check(f->upstream, &f->check);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_DECLINED);
	seen.rcode = S53_RCODE_REFUSED;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	assert_int_equal(f->server.udp_queries, 5); /* one query per probe */
}

static void
a_truncated_reply_counts_and_does_not_lead_to_tcp(void **arg)
{
	struct fixture *f = *arg;

	seen.rcode = S53_TC;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	assert_int_equal(f->server.tcp_queries, 0);
}

static void
a_probe_without_a_reply_is_lost_at_its_timeout_and_not_sent_twice(void **arg)
{
	struct fixture *f = *arg;

	seen.ignores_readiness = true;
	assert_int_equal(short_probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_LOST);
	assert_int_equal(f->rtt_ms, SHORT_MS);
	assert_int_equal(f->server.udp_queries, 1);
	fake_close_tcp(&f->server);
}

static void
a_closed_udp_port_is_refused_at_once(void **arg)
{
	struct fixture *f = *arg;

	fake_close_udp(&f->server);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_REFUSED);
	assert_int_equal(f->rtt_ms, 0); /* no time has passed */
	assert_int_equal(probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP), S53_PROBE_REFUSED);
}

static void
a_closed_tcp_port_is_refused_at_once(void **arg)
{
	struct fixture *f = *arg;

	fake_close_tcp(&f->server);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP), S53_PROBE_REFUSED);
	assert_int_equal(f->rtt_ms, 0); /* no time has passed */
	assert_int_equal(f->server.udp_queries, 0);
}

static void
a_probe_over_tcp_gets_its_reply_over_tcp(void **arg)
{
	struct fixture *f = *arg;

	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP), S53_PROBE_ANSWERED);
	assert_true(seen.is_tcp);
	assert_int_equal(f->server.udp_queries, 0);
	assert_int_equal(f->server.tcp_queries, 1);
	seen.rcode = S53_RCODE_SERVFAIL;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP), S53_PROBE_UNFIT);
	seen.ignores_readiness = true;
	assert_int_equal(short_probe(f, S53_PROBE_READINESS, S53_OVER_TCP), S53_PROBE_LOST);
}

static void
hang_up(struct fake_query *query)
{
	fake_conn_close(query->conn);
}

static void
a_connection_that_is_closed_without_a_reply_is_refused(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = hang_up;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP), S53_PROBE_REFUSED);
	assert_int_equal(f->server.conn_count, 1);
}

static void
a_host_without_a_route_is_unreachable(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr addr = fake_addr("255.255.255.255", 53); /* EACCES, in any network */

	use_server(f, &addr, NULL);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_UNREACHABLE);
}

static void
any_reply_ends_a_liveness_probe(void **arg)
{
	static const uint8_t question[] = "\010"
					  "00000000\4addr\6consul\0\0\1\0\1";
	struct fixture *f = *arg;

	assert_int_equal(probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	assert_int_equal(seen.liveness_len, S53_HEADER_LEN + sizeof(question) - 1);
	assert_memory_equal(seen.liveness + S53_HEADER_LEN, question, sizeof(question) - 1);
	assert_int_equal(seen.readiness_len, 0);
	assert_int_equal(probe(f, S53_PROBE_LIVENESS, S53_OVER_TCP), S53_PROBE_ANSWERED);
	seen.ignores_liveness = true;
	assert_int_equal(short_probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP), S53_PROBE_LOST);
}

static const struct s53_probe with_liveness = {
	.kind = S53_PROBE_READINESS, .liveness_after_ms = LIVENESS_MS, .timeout_ms = SHORT_MS
};

static void
a_server_that_replies_to_liveness_alone_is_not_ready_at_the_timeout(void **arg)
{
	struct fixture *f = *arg;

	seen.ignores_readiness = true;
	assert_int_equal(probe_to_the_timeout(f, &with_liveness), S53_PROBE_NOT_READY);
	assert_int_equal(f->rtt_ms, SHORT_MS);
	assert_int_equal(f->server.udp_queries, 2);
}

static void
without_a_reply_to_readiness_and_liveness_the_probe_is_lost(void **arg)
{
	struct fixture *f = *arg;

	seen.ignores_readiness = seen.ignores_liveness = true;
	assert_int_equal(probe_to_the_timeout(f, &with_liveness), S53_PROBE_LOST);
	assert_int_equal(f->server.udp_queries, 2);
}

static void
a_quick_readiness_reply_needs_no_liveness_query(void **arg)
{
	struct fixture *f = *arg;

	begin(f, &with_liveness);
	assert_int_equal(run(f), S53_PROBE_ANSWERED);
	assert_int_equal(seen.liveness_len, 0);
}

/* Replies to the readiness query only when the liveness query arrives. */
static void
on_query_late(struct fake_query *query)
{
	static struct fake_query held;

	if (!is_liveness_query(query)) {
		held = *query;
		return;
	}
	fake_answer(query);
	fake_answer(&held);
}

static void
a_readiness_reply_after_the_liveness_query_counts(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = on_query_late;
	begin(f, &with_liveness);
	run_until_queries(f, 1);
	assert_false(f->ended);
	s53_clock_test_set(START_MS + LIVENESS_MS);
	assert_int_equal(run(f), S53_PROBE_ANSWERED);
	assert_int_equal(f->rtt_ms, LIVENESS_MS);
}

static void
a_garbled_reply_is_no_reply(void **arg)
{
	struct fixture *f = *arg;
	enum s53_probe_end end;

	seen.garbles = true;
	end = short_probe(f, S53_PROBE_READINESS, S53_OVER_UDP);
	assert_int_equal(end, S53_PROBE_LOST);
	end = short_probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP);
	assert_int_equal(end, S53_PROBE_LOST);
}

static void
a_source_address_is_used_and_one_that_this_host_lacks_proves_nothing(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr ours = fake_addr("127.0.0.77", 5353), strange = fake_addr("192.0.2.1", 0);
	char text[S53_ADDR_TEXT];

	use_server(f, &f->server.addr, &ours);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	assert_string_equal(s53_addr_print_host(&seen.from, text), "127.0.0.77");
	assert_int_not_equal(s53_addr_port(&seen.from), 5353); /* one fixed port can be guessed */
	use_server(f, &f->server.addr, &strange);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_SKIPPED);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP), S53_PROBE_SKIPPED);
}

static void
a_server_over_ipv6_and_on_an_interface_is_probed(void **arg)
{
	struct fixture *f = *arg;
	struct fake_server six;
	struct s53_addr addr;

	fake_server_start(&six, f->base, "::1", on_query);
	addr = six.addr;
	use_server(f, &addr, NULL);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	addr.in6.sin6_scope_id = if_nametoindex("lo");
	use_server(f, &addr, NULL);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP), S53_PROBE_ANSWERED);
	assert_int_equal(six.udp_queries, 2);
	fake_server_stop(&six);
}

static void
without_a_descriptor_a_probe_is_skipped(void **arg)
{
	struct fixture *f = *arg;
	struct rlimit was, few;

	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), errno);
	few = was;
	few.rlim_cur = 3;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);
	begin(f, &(struct s53_probe){ .kind = S53_PROBE_READINESS, .timeout_ms = LONG_MS });
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), errno);
	assert_int_equal(run(f), S53_PROBE_SKIPPED);
}

static void
a_probe_during_a_standstill_is_skipped(void **arg)
{
	struct fixture *f = *arg;

	seen.ignores_readiness = true;
	s53_clock_test_set(START_MS);
	begin(f, &(struct s53_probe){ .kind = S53_PROBE_READINESS, .timeout_ms = SHORT_MS });
	s53_clock_test_set(START_MS + SHORT_MS + 501);
	assert_int_equal(run(f), S53_PROBE_SKIPPED);
	s53_clock_test_set(START_MS);
	begin(f, &(struct s53_probe){ .kind = S53_PROBE_READINESS, .timeout_ms = SHORT_MS });
	s53_clock_test_set(START_MS + SHORT_MS + 500);
	assert_int_equal(run(f), S53_PROBE_LOST);
}

static void
count_events(int *events, struct event_base *base)
{
	*events = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE);
}

static void
a_probe_that_ended_or_was_abandoned_leaves_no_events(void **arg)
{
	struct fixture *f = *arg;
	int before, after;

	count_events(&before, f->base);
	seen.ignores_readiness = seen.ignores_liveness = true;
	begin(f, &with_liveness);
	event_base_loop(f->base, EVLOOP_ONCE); /* the server gets the query */
	s53_probe_run_free(f->run);
	begin(f, &(struct s53_probe){ .over = S53_OVER_TCP, .timeout_ms = LONG_MS });
	s53_probe_run_free(f->run);
	count_events(&after, f->base);
	assert_int_equal(after, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_reply_to_the_query_of_the_check_ends_the_probe_at_once),
		TEST(each_probe_has_a_port_and_an_id_of_its_own),
		TEST(types_that_c_ares_does_not_know_can_be_queried),
		TEST(servfail_is_unfit_and_other_rcodes_are_declined_unless_accepted),
		TEST(a_truncated_reply_counts_and_does_not_lead_to_tcp),
		TEST(a_probe_without_a_reply_is_lost_at_its_timeout_and_not_sent_twice),
		TEST(a_closed_udp_port_is_refused_at_once),
		TEST(a_closed_tcp_port_is_refused_at_once),
		TEST(a_probe_over_tcp_gets_its_reply_over_tcp),
		TEST(a_connection_that_is_closed_without_a_reply_is_refused),
		TEST(a_host_without_a_route_is_unreachable),
		TEST(any_reply_ends_a_liveness_probe),
		TEST(a_server_that_replies_to_liveness_alone_is_not_ready_at_the_timeout),
		TEST(without_a_reply_to_readiness_and_liveness_the_probe_is_lost),
		TEST(a_quick_readiness_reply_needs_no_liveness_query),
		TEST(a_readiness_reply_after_the_liveness_query_counts),
		TEST(a_garbled_reply_is_no_reply),
		TEST(a_source_address_is_used_and_one_that_this_host_lacks_proves_nothing),
		TEST(a_server_over_ipv6_and_on_an_interface_is_probed),
		TEST(without_a_descriptor_a_probe_is_skipped),
		TEST(a_probe_during_a_standstill_is_skipped),
		TEST(a_probe_that_ended_or_was_abandoned_leaves_no_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
