/* SPDX-License-Identifier: ISC
 *
 * test_probe_run.c - single probes through c-ares, against servers on loopback.
 */
#include "unit/transport/fake_server.h"

#include <errno.h>
#include <net/if.h>
#include <sys/resource.h>

#include <split53/clock.h>
#include <split53/probe.h>

#include "probe/probe_run.h"

#define CH_TXT 3
#define LONG_MS 5000 /* for what must not time out */
#define SHORT_MS 150 /* for what must */

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

/* What the fake server was asked last of each kind, and what it does. */
static struct {
	uint8_t work[512], life[512];
	size_t work_len, life_len;
	struct s53_addr from;
	bool is_tcp;
	uint16_t rcode;
	bool holds_work, holds_life, garbles;
} seen;

static uint16_t
class_of(const struct fake_query *query)
{
	return s53_u16_get(query->octets + query->len - 2);
}

static void
on_query(struct fake_query *query)
{
	bool is_life = class_of(query) == CH_TXT;
	uint8_t *copy = is_life ? seen.life : seen.work;

	assert_true(query->len <= sizeof(seen.work));
	memcpy(copy, query->octets, query->len);
	*(is_life ? &seen.life_len : &seen.work_len) = query->len;
	seen.from = query->from;
	seen.is_tcp = query->conn != NULL;
	if (is_life ? seen.holds_life : seen.holds_work)
		return;
	if (seen.garbles)
		query->len = S53_HEADER_LEN + 1; /* a question without an end */
	fake_reply(query, is_life ? S53_RCODE_REFUSED : seen.rcode);
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
	assert_false(f->ended); /* not from inside */
}

static enum s53_probe_end
run(struct fixture *f)
{
	struct timeval limit = { 10, 0 };

	event_base_loopexit(f->base, &limit);
	event_base_dispatch(f->base);
	assert_true(f->ended);
	return f->end;
}

static enum s53_probe_end
probe(struct fixture *f, enum s53_probe_kind kind, enum s53_protocol over, uint32_t timeout_ms)
{
	begin(f, &(struct s53_probe){ .kind = kind, .over = over, .timeout_ms = timeout_ms });
	return run(f);
}

static void
an_answer_to_the_question_of_the_check_ends_it_at_once(void **arg)
{
	static const uint8_t question[] = "\6consul\0\0\6\0"; /* and 1, the class */
	struct fixture *f = *arg;

	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	assert_in_range(f->rtt_ms, 0, 1000);
	assert_int_equal(f->server.udp_queries, 1);
	assert_int_equal(seen.work_len, S53_HEADER_LEN + 8 + 4);
	assert_memory_equal(seen.work + S53_HEADER_LEN, question, sizeof(question) - 1);
	assert_int_equal(s53_u16_get(seen.work + seen.work_len - 2), S53_CLASS_IN);
	assert_int_equal(s53_header_flags(seen.work), S53_RD);
	assert_int_equal(s53_header_count(seen.work, S53_ADDITIONAL), 0); /* no EDNS */
}

static void
each_probe_has_a_port_and_an_id_of_its_own(void **arg)
{
	struct fixture *f = *arg;
	unsigned ports = 0, ids = 0;
	uint16_t port = 0, id = 0;

	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(
		    probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
		ports += s53_addr_port(&seen.from) != port;
		ids += s53_header_id(seen.work) != id;
		port = s53_addr_port(&seen.from);
		id = s53_header_id(seen.work);
	}
	assert_true(ports >= 6 && ids >= 6);
}

static void
types_that_c_ares_does_not_know_can_be_asked_for(void **arg)
{
	static const uint16_t types[] = { S53_TYPE_NS, 64, 99, 65400 };
	struct fixture *f = *arg;

	f->check.name = (struct s53_name){ .len = 1 }; /* the root */
	for (unsigned i = 0; i < 4; i++) {
		f->check.type = types[i];
		s53_upstream_set_check(f->upstream, &f->check);
		assert_int_equal(
		    probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
		assert_int_equal(s53_u16_get(seen.work + seen.work_len - 4), types[i]);
	}
}

static void
a_rcode_that_is_not_accepted_makes_it_unfit_and_others_do_not(void **arg)
{
	struct fixture *f = *arg;

	seen.rcode = S53_RCODE_SERVFAIL;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_UNFIT);
	seen.rcode = S53_RCODE_REFUSED;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_DECLINED);
	seen.rcode = S53_RCODE_NXDOMAIN;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	f->check.accept = UINT32_C(1) << S53_RCODE_REFUSED;
	s53_upstream_set_check(f->upstream, &f->check);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_DECLINED);
	seen.rcode = S53_RCODE_REFUSED;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	assert_int_equal(f->server.udp_queries, 5); /* each asked once */
}

static void
a_cut_answer_is_one_and_is_not_asked_for_over_tcp(void **arg)
{
	struct fixture *f = *arg;

	seen.rcode = S53_TC;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	assert_int_equal(f->server.tcp_queries, 0);
}

static void
silence_is_lost_when_the_time_is_up_and_not_asked_twice(void **arg)
{
	struct fixture *f = *arg;

	seen.holds_work = true;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, SHORT_MS), S53_PROBE_LOST);
	assert_in_range(f->rtt_ms, SHORT_MS, SHORT_MS + 450);
	assert_int_equal(f->server.udp_queries, 1);
	fake_close_tcp(&f->server);
}

static void
a_closed_udp_port_is_refused_at_once(void **arg)
{
	struct fixture *f = *arg;

	fake_close_udp(&f->server);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_REFUSED);
	assert_in_range(f->rtt_ms, 0, 1000);
	assert_int_equal(probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP, LONG_MS), S53_PROBE_REFUSED);
}

static void
a_closed_tcp_port_is_refused_at_once(void **arg)
{
	struct fixture *f = *arg;

	fake_close_tcp(&f->server);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP, LONG_MS), S53_PROBE_REFUSED);
	assert_in_range(f->rtt_ms, 0, 1000);
	assert_int_equal(f->server.udp_queries, 0);
}

static void
over_tcp_the_answer_comes_over_tcp(void **arg)
{
	struct fixture *f = *arg;

	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP, LONG_MS), S53_PROBE_ANSWERED);
	assert_true(seen.is_tcp);
	assert_int_equal(f->server.udp_queries, 0);
	assert_int_equal(f->server.tcp_queries, 1);
	seen.rcode = S53_RCODE_SERVFAIL;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP, LONG_MS), S53_PROBE_UNFIT);
	seen.holds_work = true;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP, SHORT_MS), S53_PROBE_LOST);
}

static void
hang_up(struct fake_query *query)
{
	fake_conn_close(query->conn);
}

static void
a_connection_that_is_closed_without_an_answer_is_refused(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = hang_up;
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP, LONG_MS), S53_PROBE_REFUSED);
	assert_int_equal(f->server.conn_count, 1);
}

static void
no_way_to_the_host_is_unreachable(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr addr = fake_addr("255.255.255.255", 53); /* EACCES, in any network */

	use_server(f, &addr, NULL);
	assert_int_equal(
	    probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_UNREACHABLE);
}

static void
life_is_shown_by_any_answer(void **arg)
{
	static const uint8_t question[] = "\7version\4bind\0\0\20\0\3";
	struct fixture *f = *arg;

	assert_int_equal(probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	assert_int_equal(seen.life_len, S53_HEADER_LEN + sizeof(question) - 1);
	assert_memory_equal(seen.life + S53_HEADER_LEN, question, sizeof(question) - 1);
	assert_int_equal(seen.work_len, 0);
	assert_int_equal(probe(f, S53_PROBE_LIVENESS, S53_OVER_TCP, LONG_MS), S53_PROBE_ANSWERED);
	seen.holds_life = true;
	assert_int_equal(probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP, SHORT_MS), S53_PROBE_LOST);
}

static const struct s53_probe with_life = {
	.kind = S53_PROBE_READINESS, .liveness_after_ms = 30, .timeout_ms = SHORT_MS
};

static void
work_that_is_held_while_life_answers_is_held_when_the_time_is_up(void **arg)
{
	struct fixture *f = *arg;

	seen.holds_work = true;
	begin(f, &with_life);
	assert_int_equal(run(f), S53_PROBE_NOT_READY);
	assert_in_range(f->rtt_ms, SHORT_MS, SHORT_MS + 450);
	assert_int_equal(f->server.udp_queries, 2);
}

static void
when_neither_work_nor_life_answers_it_is_lost(void **arg)
{
	struct fixture *f = *arg;

	seen.holds_work = seen.holds_life = true;
	begin(f, &with_life);
	assert_int_equal(run(f), S53_PROBE_LOST);
	assert_int_equal(f->server.udp_queries, 2);
}

static void
work_that_answers_in_time_is_not_asked_for_life(void **arg)
{
	struct fixture *f = *arg;

	begin(f, &with_life);
	assert_int_equal(run(f), S53_PROBE_ANSWERED);
	assert_int_equal(seen.life_len, 0);
}

/* Answers the work question that it holds when it is asked for life. */
static void
on_query_late(struct fake_query *query)
{
	static struct fake_query held;

	if (class_of(query) != CH_TXT) {
		held = *query;
		return;
	}
	fake_answer(query);
	fake_answer(&held);
}

static void
work_that_answers_after_life_was_asked_for_counts(void **arg)
{
	struct fixture *f = *arg;

	f->server.on_query = on_query_late;
	begin(f, &with_life);
	assert_int_equal(run(f), S53_PROBE_ANSWERED);
	assert_in_range(f->rtt_ms, 30, SHORT_MS);
}

static void
an_answer_that_nobody_can_read_is_none_of_the_good_ones(void **arg)
{
	struct fixture *f = *arg;
	enum s53_probe_end end;

	seen.garbles = true;
	end = probe(f, S53_PROBE_READINESS, S53_OVER_UDP, SHORT_MS);
	assert_int_equal(end, S53_PROBE_LOST);
	end = probe(f, S53_PROBE_LIVENESS, S53_OVER_UDP, SHORT_MS);
	assert_int_equal(end, S53_PROBE_LOST);
}

static void
a_source_address_is_used_and_one_that_we_lack_proves_nothing(void **arg)
{
	struct fixture *f = *arg;
	struct s53_addr ours = fake_addr("127.0.0.77", 5353), strange = fake_addr("192.0.2.1", 0);
	char text[S53_ADDR_TEXT];

	use_server(f, &f->server.addr, &ours);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	assert_string_equal(s53_addr_print_host(&seen.from, text), "127.0.0.77");
	assert_int_not_equal(s53_addr_port(&seen.from), 5353); /* one fixed port can be guessed */
	use_server(f, &f->server.addr, &strange);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_SKIPPED);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_TCP, LONG_MS), S53_PROBE_SKIPPED);
}

static void
a_server_over_ipv6_and_on_an_interface_is_asked(void **arg)
{
	struct fixture *f = *arg;
	struct fake_server six;
	struct s53_addr addr;

	fake_server_start(&six, f->base, "::1", on_query);
	addr = six.addr;
	use_server(f, &addr, NULL);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	addr.in6.sin6_scope_id = if_nametoindex("lo");
	use_server(f, &addr, NULL);
	assert_int_equal(probe(f, S53_PROBE_READINESS, S53_OVER_UDP, LONG_MS), S53_PROBE_ANSWERED);
	assert_int_equal(six.udp_queries, 2);
	fake_server_stop(&six);
}

static void
without_a_descriptor_nothing_is_proved(void **arg)
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
a_loop_that_stood_still_proves_nothing(void **arg)
{
	struct fixture *f = *arg;

	seen.holds_work = true;
	s53_clock_test_set(1000000);
	begin(f, &(struct s53_probe){ .kind = S53_PROBE_READINESS, .timeout_ms = SHORT_MS });
	s53_clock_test_set(1000000 + SHORT_MS + 501);
	assert_int_equal(run(f), S53_PROBE_SKIPPED);
	s53_clock_test_set(1000000);
	begin(f, &(struct s53_probe){ .kind = S53_PROBE_READINESS, .timeout_ms = SHORT_MS });
	s53_clock_test_set(1000000 + SHORT_MS + 500);
	assert_int_equal(run(f), S53_PROBE_LOST);
}

static void
count_events(int *events, struct event_base *base)
{
	*events = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE);
}

static void
nothing_is_left_of_it_when_it_has_ended_or_is_given_up(void **arg)
{
	struct fixture *f = *arg;
	int before, after;

	count_events(&before, f->base);
	seen.holds_work = seen.holds_life = true;
	begin(f, &with_life);
	event_base_loop(f->base, EVLOOP_ONCE); /* the server sees the question */
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
		TEST(an_answer_to_the_question_of_the_check_ends_it_at_once),
		TEST(each_probe_has_a_port_and_an_id_of_its_own),
		TEST(types_that_c_ares_does_not_know_can_be_asked_for),
		TEST(a_rcode_that_is_not_accepted_makes_it_unfit_and_others_do_not),
		TEST(a_cut_answer_is_one_and_is_not_asked_for_over_tcp),
		TEST(silence_is_lost_when_the_time_is_up_and_not_asked_twice),
		TEST(a_closed_udp_port_is_refused_at_once),
		TEST(a_closed_tcp_port_is_refused_at_once),
		TEST(over_tcp_the_answer_comes_over_tcp),
		TEST(a_connection_that_is_closed_without_an_answer_is_refused),
		TEST(no_way_to_the_host_is_unreachable),
		TEST(life_is_shown_by_any_answer),
		TEST(work_that_is_held_while_life_answers_is_held_when_the_time_is_up),
		TEST(when_neither_work_nor_life_answers_it_is_lost),
		TEST(work_that_answers_in_time_is_not_asked_for_life),
		TEST(work_that_answers_after_life_was_asked_for_counts),
		TEST(an_answer_that_nobody_can_read_is_none_of_the_good_ones),
		TEST(a_source_address_is_used_and_one_that_we_lack_proves_nothing),
		TEST(a_server_over_ipv6_and_on_an_interface_is_asked),
		TEST(without_a_descriptor_nothing_is_proved),
		TEST(a_loop_that_stood_still_proves_nothing),
		TEST(nothing_is_left_of_it_when_it_has_ended_or_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
