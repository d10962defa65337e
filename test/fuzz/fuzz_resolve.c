/* SPDX-License-Identifier: ISC
 *
 * fuzz_resolve.c - any bytes from a client, any bytes from upstreams: each query ends once, and
 * there is no access out of bounds.
 *
 * Input: a client's message after its length (2 bytes), then replies, each after a length (2
 * bytes) and a kind: 0 as it is, 1 with header and question of the upstream query before it (so
 * that it passes the first checks), 2 the server is unreachable, 3 time passes; plus 4: the replies
 * to the first of two queries end; plus 8: the connection carries other queries too. The client
 * sends its query twice, so that the second is answered from the cache.
 */
#include <stdlib.h>
#include <string.h>

#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/rand.h>
#include <split53/resolver.h>
#include <split53/zone.h>

#include "../replay/fake_exchange.c"

#define CLIENT_MAX 4096
#define STEPS_MAX 64

static const struct s53_cache_rules rules = { .enabled = true,
	.max_ttl_s = 604800,
	.max_ncache_ttl_s = 10800,
	.servfail_ttl_s = 1,
	.stale_keep = true,
	.stale_answer = true,
	.stale_zero_ttl = true,
	.max_stale_s = 86400,
	.stale_answer_ttl_s = 30,
	.stale_refresh_s = 30,
	.stale_client_timeout_ms = 100,
	.prefetch_trigger_s = 2,
	.prefetch_eligible_s = 9 };

static struct world {
	struct s53_view view;
	struct s53_policy policy;
	struct s53_counters counters;
	struct s53_resolver_shared shared;
	struct s53_registry *registry;
	struct s53_group *groups[2];
	struct s53_zone *zone;
	unsigned ended; /* replies to the one client, and drops */
	uint8_t room[S53_MESSAGE_MAX + 1024];
} world;

static uint8_t *
room(struct s53_client *client, size_t cap)
{
	(void)client;
	S53_ASSERT(cap <= sizeof(world.room));
	return world.room;
}

static void
send_reply(struct s53_client *client, size_t len)
{
	struct s53_edns edns;
	size_t opt_at;

	world.ended++;
	/* Whatever came in, each reply is well formed and fits. */
	S53_ASSERT(len >= S53_HEADER_LEN && s53_message_check(world.room, len, &edns, &opt_at));
	S53_ASSERT(client->kind == S53_TCP || len <= 1232);
}

static void
drop(struct s53_client *client)
{
	(void)client;
	world.ended++;
}

static const struct s53_client_ops ops = { room, send_reply, drop };

static void
released(struct s53_policy *policy)
{
	(void)policy;
}

static void
add_route(const char *apex, enum s53_route_kind kind, struct s53_group *group)
{
	struct s53_route route = {
		.kind = kind, .group = group, .zone = world.zone, .ede = S53_EDE_NONE
	};

	S53_ASSERT(s53_name_parse(apex, &route.apex) == S53_OK);
	S53_ASSERT(s53_routes_add(world.view.routes, &route) == S53_OK);
}

static struct s53_group *
group_of(const char *first, const char *second)
{
	struct s53_upstream_options options = { .edns = true };
	struct s53_group_member members[2] = { { .tier = 1 }, { .tier = 1 } };
	struct s53_group *group;
	struct s53_addr addr;

	S53_ASSERT(s53_addr_parse_port(first, 53, &addr) == S53_OK);
	members[0].server = s53_registry_get(world.registry, &addr, &options);
	S53_ASSERT(s53_addr_parse_port(second, 53, &addr) == S53_OK);
	members[1].server = s53_registry_get(world.registry, &addr, &options);
	group = s53_group_new(members, 2, NULL);
	s53_upstream_drop(members[0].server);
	s53_upstream_drop(members[1].server);
	return group;
}

static void
make_world(void)
{
	static const char zone[] =
	    "@ 300 IN SOA ns h 1 2 3 4 5\n@ 300 IN NS ns\nns 300 IN A 10.0.0.1\n"
	    "out 300 IN CNAME a.consul.\n*.wild 300 IN A 10.0.0.2\n";
	struct s53_diags diags;
	struct s53_name apex;

	s53_diags_init(&diags);
	S53_ASSERT(s53_name_parse("z", &apex) == S53_OK);
	S53_ASSERT(s53_zone_parse("z", zone, &apex, &diags, &world.zone) == S53_OK);
	s53_diags_fini(&diags);
	world.registry = s53_registry_new();
	world.groups[0] = group_of("192.0.2.1", "192.0.2.2");
	world.groups[1] = group_of("127.0.0.1#8600", "127.0.0.2#8600");
	world.view = (struct s53_view){ .id = 1,
		.name = "_default",
		.answering = { .cache = &rules },
		.recursion = true,
		.udp_size_max = 1232,
		.udp_size_loopback = 1232,
		.edns_udp_size = 1232,
		.query_timeout_ms = 4500,
		.version = "x",
		.routes = s53_routes_new() };
	world.policy = (struct s53_policy){ .count = 1,
		.release = released,
		.recursive_clients = 100,
		.view_count = 1,
		.views = &world.view };
	add_route(".", S53_ROUTE_FORWARD, world.groups[0]);
	add_route("consul", S53_ROUTE_FORWARD, world.groups[1]);
	add_route("z", S53_ROUTE_LOCAL, NULL);
}

/* Header and question of the upstream query, with flags, counts and records from the input. */
static size_t
echo(const struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint8_t *out)
{
	struct s53_reader reader = s53_reader_of(exchange->ask.octets, exchange->ask.len);
	size_t question_len;

	s53_read(&reader, S53_HEADER_LEN);
	s53_name_skip(&reader);
	s53_read(&reader, 4);
	question_len = reader.at;
	memcpy(out, exchange->ask.octets, question_len);
	if (len < S53_HEADER_LEN - 2)
		return question_len;
	memcpy(out + 2, octets, S53_HEADER_LEN - 2);
	out[2] = (uint8_t)((out[2] & 0x07) | 0x80);
	s53_header_set_count(out, S53_QUESTION, 1);
	octets += S53_HEADER_LEN - 2;
	len -= S53_HEADER_LEN - 2;
	memcpy(out + question_len, octets, len);
	return question_len + len;
}

static void
step(struct s53_exchanger *exchanger, unsigned kind, const uint8_t *octets, size_t len)
{
	static uint8_t message[S53_MESSAGE_MAX + 1024];
	struct s53_exchange *exchange = fake_next_unseen(exchanger);

	if (exchange == NULL && !s53_list_empty(&exchanger->open))
		exchange = S53_CONTAINER_OF(exchanger->open.next, struct s53_exchange, link);
	if (exchange == NULL)
		return;
	exchange->shares = (kind & 8) != 0;
	kind &= 3;
	if (kind == 3) {
		fake_advance(exchanger, s53_clock_ms() + 200);
		return;
	}
	if (kind == 2) {
		fake_end(exchanger, exchange, S53_EXCHANGE_UNREACHABLE);
		return;
	}
	if (kind == 1)
		len = echo(exchange, octets, len, message);
	else
		memcpy(message, octets, len);
	exchange->seen = true;
	fake_arrive(exchanger, exchange, message, len);
}

/*
 * Replies arrive and time passes until the input ends or `steps` are done; then everything that
 * waits ends.
 */
static void
answer(struct s53_exchanger *exchanger, struct s53_reader *input, unsigned steps)
{
	for (unsigned i = 0; i < steps && input->at < input->len; i++) {
		unsigned kind = s53_read_u8(input);
		size_t left, reply_len = s53_read_u16(input);
		const uint8_t *octets;

		if ((kind & 4) != 0)
			break;
		left = input->len - input->at;
		reply_len = reply_len < left ? reply_len : left;
		octets = s53_read(input, reply_len);
		if (octets != NULL)
			step(exchanger, kind, octets, reply_len);
	}
	fake_advance(exchanger, s53_clock_ms() + 60000);
}

static void
play(struct s53_reader *input, bool tcp)
{
	struct s53_exchanger *exchanger = s53_exchanger_new(NULL, &world.counters);
	struct s53_resolver *resolver;
	struct s53_client client = { .ops = &ops, .kind = tcp ? S53_TCP : S53_UDP };
	size_t len = s53_read_u16(input) % CLIENT_MAX;
	const uint8_t *octets =
	    s53_read(input, len < input->len - input->at ? len : input->len - input->at);
	struct s53_arrival arrival = { &client, octets, input->at - 2 };

	world.policy.cache = s53_cache_new(0);
	resolver = s53_resolver_new(exchanger, &world.counters, &world.shared, &world.policy);
	S53_ASSERT(s53_addr_parse("127.0.0.1", 4242, &client.addr) == S53_OK);
	S53_ASSERT(s53_addr_parse("127.0.0.1", 53, &client.local) == S53_OK);
	world.ended = 0;
	if (octets != NULL) {
		s53_resolver_take_batch(resolver, &arrival, 1, s53_clock_ms());
		answer(exchanger, input, STEPS_MAX);
		S53_ASSERT(world.ended == 1 && s53_resolver_pending(resolver) == 0);
		s53_resolver_take_batch(resolver, &arrival, 1, s53_clock_ms());
		answer(exchanger, input, STEPS_MAX);
		S53_ASSERT(world.ended == 2 && s53_resolver_pending(resolver) == 0);
	}
	s53_resolver_free(resolver);
	s53_cache_drop(world.policy.cache);
	s53_exchanger_free(exchanger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s53_reader input = s53_reader_of(data, size);

	if (world.registry == NULL)
		make_world();
	if (size < 3 || size > 8192)
		return 0;
	s53_rand_test_seed(53);
	s53_clock_test_set(1000000);
	play(&input, (data[size - 1] & 1) != 0);
	return 0;
}
