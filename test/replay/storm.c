/* SPDX-License-Identifier: ISC
 *
 * storm.c - many clients, upstreams that send anything, any policy and quota, a clock that leaps,
 * reloads, an end at any moment: each query ends once, and no client gets data that is not for it.
 *
 *	storm FIRST LAST	the seeds to play, each a story of some hundred events
 *
 * Names are a to f in three routes: x and c are forwarded to different servers, z is a zone of ours
 * that only clients of 127/8 may query. Addresses tell the origin of a record: 1/8 the upstream of
 * x for x, 2/8 that of c for c, 10/8 the zone, 203/8 an upstream for a name of another route.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/acl.h>
#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/log.h>
#include <split53/probe.h>
#include <split53/rand.h>
#include <split53/reply.h>
#include <split53/resolver.h>
#include <split53/zone.h>

#include "spoil.h"

#define POLICIES 3
#define BATCH_MAX 19
#define REQUEST_ROOM 64
#define PLANTED 203
#define RATHER_LONG 80 /* records of a set that needs TCP */
#define SERVERS 3 /* of a group */

struct asker {
	unsigned ends;
	bool may_query_zone, tcp, edns;
	uint16_t id, qtype;
	struct s53_name name;
};

static struct story {
	unsigned long seed;
	uint64_t dice;
	struct s53_exchanger *exchanger;
	struct s53_resolver *resolver;
	struct asker *askers;
	unsigned asker_count;
	uint8_t *room; /* of the last room(), and */
	struct asker *room_of; /* its client */
} story;

static struct world {
	struct s53_registry *registry;
	struct s53_group *groups[2];
	struct s53_zone *zone;
	struct s53_cache_rules rules[POLICIES];
	struct s53_view views[POLICIES];
	struct s53_policy policies[POLICIES];
} world;

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "seed %lu: %s\n", story.seed, what);
	abort();
}

static unsigned
below(unsigned bound)
{
	story.dice ^= story.dice << 13;
	story.dice ^= story.dice >> 7;
	story.dice ^= story.dice << 17;
	return (unsigned)(story.dice >> 11) % bound;
}

/* The letter of the route that the name belongs to. */
static char
route_of(const struct s53_name *name)
{
	return name->len < 3 ? '.' : (char)name->octets[name->len - 2];
}

static struct s53_name
any_name(void)
{
	char text[] = { (char)('a' + below(6)), '.', "xcxcz"[below(5)], '\0' };
	struct s53_name name;

	require(s53_name_parse(text, &name) == S53_OK, "a name");
	return name;
}

/* --- clients --------------------------------------------------------------------------------- */

static void
look_at_address(const struct asker *asker, const uint8_t *message, const struct s53_rr *rr)
{
	struct s53_reader reader = s53_reader_of(message, rr->end_at);
	unsigned first = message[rr->rdata_at];
	struct s53_name owner;

	reader.at = rr->owner_at;
	require(s53_name_read(&reader, &owner), "an owner is bad");
	s53_name_lower(&owner);
	require(rr->ttl <= 300, "a TTL has grown");
	if (first == PLANTED) /* ANY is not followed (RFC 1034 s3.6.2) */
		require(asker->qtype == S53_TYPE_ANY, "a record from the wrong upstream");
	else if (route_of(&owner) == 'z')
		require(first == 10 && asker->may_query_zone, "a record of a forbidden zone");
	else
		require(first == (route_of(&owner) == 'c' ? 2 : 1), "another route's record");
}

static void
look_at(const struct asker *asker, const uint8_t *message, size_t len)
{
	struct s53_reader reader = s53_reader_of(message, len);
	struct s53_edns edns;
	struct s53_name name;
	struct s53_walk walk;
	struct s53_rr rr;
	size_t opt_at;

	require(s53_message_check(message, len, &edns, &opt_at), "the reply is malformed");
	require(edns.present == asker->edns, "an OPT is missing or not wanted");
	require(s53_header_id(message) == asker->id, "the ID is another's");
	require(asker->tcp || len <= (asker->edns ? 1232u : 512u), "the reply is too long");
	reader.at = S53_HEADER_LEN;
	require(s53_name_read(&reader, &name) && s53_name_same(&name, &asker->name),
	    "the question is spelled otherwise");
	require(s53_read_u16(&reader) == asker->qtype, "the type is another's");
	require(s53_walk_begin(&walk, message, len), "no walk");
	while (s53_walk_next(&walk, &rr))
		if (rr.type == S53_TYPE_A)
			look_at_address(asker, message, &rr);
}

static void
forget_room(void)
{
	free(story.room);
	story.room = NULL;
	story.room_of = NULL;
}

static uint8_t *
room(struct s53_client *client, size_t cap)
{
	forget_room();
	story.room_of = client->transport;
	return story.room = malloc(cap);
}

static void
drop(struct s53_client *client)
{
	struct asker *asker = client->transport;

	require(++asker->ends == 1, "a query has ended twice");
}

static void
send_reply(struct s53_client *client, size_t len)
{
	struct asker *asker = client->transport;

	require(story.room_of == asker, "the room was another's");
	drop(client);
	story.room = realloc(story.room, len); /* exact size, for the sanitizer */
	look_at(asker, story.room, len);
	forget_room();
}

static const struct s53_client_ops ops = { room, send_reply, drop };

static size_t
write_request(const struct asker *asker, uint8_t octets[static REQUEST_ROOM])
{
	struct s53_edns_reply edns = {
		.udp_size = 1232, .ede_code = S53_EDE_NONE, .keepalive = -1
	};
	struct s53_writer writer = s53_writer_of(octets, REQUEST_ROOM);

	memset(s53_write_reserve(&writer, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_id(octets, asker->id);
	s53_header_set_flags(octets, below(20) > 0 ? S53_RD : 0);
	s53_header_set_count(octets, S53_QUESTION, 1);
	s53_write(&writer, asker->name.octets, asker->name.len);
	s53_write_u16(&writer, asker->qtype);
	s53_write_u16(&writer, S53_CLASS_IN);
	if (asker->edns) {
		s53_edns_write(&writer, &edns);
		s53_header_set_count(octets, S53_ADDITIONAL, 1);
	}
	return writer.at;
}

static void
make_up(struct asker *asker)
{
	static const uint16_t types[] = { S53_TYPE_A, S53_TYPE_A, S53_TYPE_A, S53_TYPE_TXT,
		S53_TYPE_ANY };

	if (story.asker_count++ > BATCH_MAX && below(5) == 0) {
		*asker = asker[-1 - (int)below(BATCH_MAX)]; /* the client retransmits */
		asker->ends = 0;
		return;
	}
	asker->id = (uint16_t)story.asker_count;
	asker->may_query_zone = below(2) == 0;
	asker->tcp = below(4) == 0;
	asker->edns = below(3) > 0;
	asker->qtype = types[below(5)];
	asker->name = any_name();
	if (below(2) == 0)
		asker->name.octets[1] &= (uint8_t)~0x20;
}

static struct s53_client
new_client(struct asker *asker)
{
	struct s53_client client = { .ops = &ops, .transport = asker };

	make_up(asker);
	client.kind = asker->tcp ? S53_TCP : S53_UDP;
	require(s53_addr_parse(asker->may_query_zone ? "127.0.0.1" : "198.51.100.1",
		    (uint16_t)(4242 + asker->id % 5), &client.addr) == S53_OK &&
		s53_addr_parse("127.0.0.1", 53, &client.local) == S53_OK,
	    "an address");
	return client;
}

static void
clients_ask(void)
{
	struct s53_arrival arrivals[BATCH_MAX];
	struct s53_client clients[BATCH_MAX];
	uint8_t octets[BATCH_MAX][REQUEST_ROOM];
	unsigned count = 1 + below(below(4) > 0 ? 3 : BATCH_MAX);

	for (unsigned i = 0; i < count; i++) {
		struct asker *asker = &story.askers[story.asker_count];

		clients[i] = new_client(asker);
		arrivals[i].client = &clients[i];
		arrivals[i].octets = octets[i];
		arrivals[i].len = write_request(asker, octets[i]);
	}
	s53_resolver_take_batch(story.resolver, arrivals, count, s53_clock_ms());
}

/* --- upstreams ------------------------------------------------------------------------------- */

static void
add_addresses(struct s53_reply *reply, const struct s53_name *owner, uint8_t first, uint32_t ttl)
{
	unsigned count = below(30) == 0 ? RATHER_LONG : 1 + below(5);

	for (unsigned i = 0; i < count; i++) {
		uint8_t address[] = { first, 0, 0, (uint8_t)i };

		s53_reply_add(reply, S53_ANSWER, owner, S53_TYPE_A, S53_CLASS_IN, ttl, address, 4);
	}
}

/* Some CNAMEs, forwards in the alphabet or out of the route; then the records at their end. */
static void
add_answer(struct s53_reply *reply, const struct s53_name *qname, uint32_t ttl)
{
	char route = route_of(qname);
	struct s53_name at = *qname;

	for (unsigned links = below(2) * below(4); links > 0 && route_of(&at) == route; links--) {
		struct s53_name to = any_name();

		if (route_of(&to) == route && to.octets[1] <= at.octets[1])
			break;
		s53_reply_add(
		    reply, S53_ANSWER, &at, S53_TYPE_CNAME, S53_CLASS_IN, ttl, to.octets, to.len);
		at = to;
	}
	if (at.octets[1] != qname->octets[1] && below(4) == 0)
		return; /* a bare chain */
	if (route_of(&at) == route)
		add_addresses(reply, &at, route == 'c' ? 2 : 1, ttl);
	else if (below(2) == 0)
		add_addresses(reply, &at, PLANTED, ttl);
}

static size_t
write_reply(struct s53_exchange *exchange, uint8_t octets[static S53_MESSAGE_MAX + 3])
{
	static const uint8_t soa[22] = { [21] = 20 }; /* MINIMUM */
	static const uint32_t ttls[] = { 0, 9, 10, 12, 30, 300 };
	static const struct s53_edns_reply opt = { .ede_code = 4, .keepalive = -1 };
	static const uint16_t bad[] = { S53_RCODE_SERVFAIL, S53_RCODE_REFUSED, S53_TC };
	struct s53_reader asked = s53_reader_of(exchange->ask.octets, exchange->ask.len);
	uint32_t ttl = ttls[below(20) == 0 ? 0 : 1 + below(5)];
	unsigned kind = below(16);
	struct s53_question question;
	struct s53_reply reply;
	struct s53_name lower;

	s53_read(&asked, S53_HEADER_LEN);
	require(s53_name_read(&asked, &question.name), "a question of ours");
	s53_name_lower_of(&question.name, &lower);
	question.qtype = s53_read_u16(&asked);
	question.qclass = s53_read_u16(&asked);
	s53_reply_begin(&reply, octets, S53_MESSAGE_MAX, 0,
	    (uint16_t)(S53_QR | (below(3) == 0 ? S53_AD : 0) | (kind < 3 ? bad[kind] : 0) |
		(kind == 3 ? S53_RCODE_NXDOMAIN : 0)),
	    &question);
	if (kind == 3 || kind == 4)
		s53_reply_add(&reply, S53_AUTHORITY, &lower, S53_TYPE_SOA, S53_CLASS_IN, ttl, soa,
		    sizeof(soa));
	else if (kind > 4)
		add_answer(&reply, &lower, ttl);
	return spoil(
	    exchange, below(1u << 16), octets, s53_reply_end(&reply, below(4) == 0 ? &opt : NULL));
}

static void
upstream_says_something(void)
{
	static uint8_t octets[S53_MESSAGE_MAX + 3];
	unsigned pending = fake_pending(story.exchanger);
	struct s53_exchange *exchange = NULL;
	uint8_t *message;
	size_t len;

	for (unsigned i = pending > 0 ? 1 + below(pending) : 0; i > 0; i--) {
		if ((exchange = fake_next_unseen(story.exchanger)) == NULL)
			return;
		exchange->seen = i > 1;
	}
	if (exchange == NULL)
		return;
	if (below(12) == 0) {
		fake_end(story.exchanger, exchange,
		    (enum s53_exchange_end)(S53_EXCHANGE_REFUSED + below(3)));
		return;
	}
	len = write_reply(exchange, octets);
	message = malloc(len); /* a block that ends where the message does */
	memcpy(message, octets, len);
	fake_arrive(story.exchanger, exchange, message, len);
	free(message);
}

/* --- the story ------------------------------------------------------------------------------- */

static void
time_leaps(void)
{
	static const unsigned leaps_ms[] = { 1, 10, 60, 140, 200, 500, 1000, 2500, 4000, 8000, 9000,
		31000 };

	fake_advance(story.exchanger, s53_clock_ms() + leaps_ms[below(12)]);
}

static bool
probe(struct s53_upstream *upstream, void *arg)
{
	struct s53_probe asked;

	(void)arg;
	if (below(2) == 0 && s53_probe_begin(upstream, &asked, s53_clock_ms()))
		s53_probe_end(
		    upstream, &asked, (enum s53_probe_end)below(7), below(300), s53_clock_ms());
	return true;
}

static void
something_happens(void)
{
	unsigned what = below(210);

	if (what < 80)
		clients_ask();
	else if (what < 170)
		upstream_says_something();
	else if (what < 199)
		time_leaps();
	else if (what < 209)
		s53_registry_each(world.registry, probe, NULL);
	else
		s53_resolver_use(story.resolver, &world.policies[below(POLICIES)]);
}

/* What was counted during the story is back at zero. */
static void
nothing_is_under_way(struct s53_resolver_shared *shared)
{
	require(shared->pending == 0 && shared->shares.active == 0, "a query is still counted");
	for (unsigned i = 0; i < S53_IN_FLIGHT_SLOTS; i++)
		require(atomic_load(&shared->asked[i]) == 0, "a spelling is still known");
	for (unsigned i = 0; i < 2; i++) {
		unsigned limit = s53_group_rules(world.groups[i])->per_zone.limit;

		for (unsigned j = 0; j <= limit && limit > 0; j++)
			require(s53_group_enter(world.groups[i]) == (j < limit), "a zone's quota");
		for (unsigned j = 0; j < SERVERS; j++) {
			struct s53_upstream_report report;

			s53_upstream_report(s53_group_server(world.groups[i], j), &report, 0);
			require(report.in_flight == 0, "a question is still counted");
		}
	}
}

static void
play(void)
{
	struct s53_counters counters = { 0 };
	struct s53_resolver_shared shared = { 0 };
	struct s53_cache *cache = s53_cache_new(0);
	unsigned events;

	events = 200 + below(1000);
	for (unsigned i = 0; i < POLICIES; i++)
		world.policies[i].cache = cache;
	story.askers = calloc((size_t)events * BATCH_MAX, sizeof(*story.askers));
	story.exchanger = s53_exchanger_new(NULL, &counters);
	story.resolver =
	    s53_resolver_new(story.exchanger, &counters, &shared, &world.policies[below(POLICIES)]);
	for (unsigned i = 0; i < events; i++)
		something_happens();
	s53_resolver_free(story.resolver);
	for (unsigned i = 0; i < story.asker_count; i++)
		require(story.askers[i].ends == 1, "a query has not ended");
	nothing_is_under_way(&shared);
	for (unsigned i = 0; i < POLICIES; i++)
		require(atomic_load(&world.policies[i].count) == 1, "a policy is still held");
	s53_exchanger_free(story.exchanger);
	s53_cache_drop(cache);
	forget_room();
	free(story.askers);
}

/* --- the world ------------------------------------------------------------------------------- */

static void
released(struct s53_policy *policy)
{
	(void)policy;
	require(false, "a policy was released");
}

/* With any policy, with quotas or without. */
static struct s53_group *
group_of(const char *const texts[static SERVERS])
{
	struct s53_group_rules rules = { .policy = (enum s53_forwarders_policy)below(6),
		.per_server = { below(3) == 0 ? 1 + below(6) : 0, below(2) == 0 },
		.per_zone = { below(3) == 0 ? 1 + below(12) : 0, below(2) == 0 } };
	struct s53_group_member members[SERVERS];
	struct s53_group *group;

	for (unsigned i = 0; i < SERVERS; i++) {
		struct s53_upstream_options options = { .edns = true, .tcp_only = below(8) == 0 };
		struct s53_addr addr;

		require(s53_addr_parse_port(texts[i], 53, &addr) == S53_OK, "a server");
		members[i] = (struct s53_group_member){ .server = s53_registry_get(
							    world.registry, &addr, &options),
			.tier = 1 + below(2) };
	}
	group = s53_group_new(members, SERVERS, &rules);
	for (unsigned i = 0; i < SERVERS; i++)
		s53_upstream_drop(members[i].server);
	return group;
}

static void
add_route(struct s53_view *view, const char *apex, struct s53_route route)
{
	route.ede = S53_EDE_NONE;
	require(s53_name_parse(apex, &route.apex) == S53_OK &&
		s53_routes_add(view->routes, &route) == S53_OK,
	    "a route");
}

static void
make_zone(void)
{
	static const char text[] =
	    "@ 300 IN SOA ns h 1 2 3 4 5\n@ 300 IN NS ns\n"
	    "ns 300 IN A 10.0.0.1\na 300 IN A 10.0.0.2\nb 300 IN CNAME a.c.\n"
	    "c 300 IN CNAME b.x.\nd 300 IN CNAME a\n";
	struct s53_diags diags;
	struct s53_name apex;

	s53_diags_init(&diags);
	require(s53_name_parse("z", &apex) == S53_OK &&
		s53_zone_parse("z", text, &apex, &diags, &world.zone) == S53_OK,
	    "the zone");
	s53_diags_fini(&diags);
}

/* Three configurations: stale answers after some time, at once, and never. */
static void
make_policy(unsigned i, struct s53_acl *allowed)
{
	static const uint32_t timeouts_ms[POLICIES] = { 150, 0, S53_STALE_TIMEOUT_OFF };
	struct s53_view *view = &world.views[i];

	world.rules[i] = (struct s53_cache_rules){ .enabled = true,
		.max_ttl_s = 604800,
		.max_ncache_ttl_s = 10800,
		.servfail_ttl_s = 1,
		.stale_keep = i < 2,
		.stale_answer = i < 2,
		.stale_zero_ttl = i == 0,
		.max_stale_s = 300,
		.stale_answer_ttl_s = 30,
		.stale_refresh_s = 5,
		.stale_client_timeout_ms = timeouts_ms[i],
		.prefetch_trigger_s = 2,
		.prefetch_eligible_s = 9 };
	*view = (struct s53_view){ .id = 1,
		.name = "_default",
		.answering = { .cache = &world.rules[i], .minimal = S53_MINIMAL_NO_AUTH_RECURSIVE },
		.recursion = true,
		.minimal_any = i == 0,
		.udp_size_max = S53_EDNS_SIZE,
		.udp_size_loopback = S53_EDNS_SIZE,
		.query_timeout_ms = 3000,
		.clients_per_query = below(2) * (1 + below(5)),
		.max_clients_per_query = below(12),
		.routes = s53_routes_new() };
	world.policies[i] = (struct s53_policy){ .count = 1,
		.release = released,
		.recursive_clients = i == 1 ? 12 : 100, /* few: some are shed */
		.view_count = 1,
		.views = view };
	add_route(view, ".",
	    (struct s53_route){ .kind = S53_ROUTE_FORWARD, .id = 1, .group = world.groups[0] });
	add_route(view, "c",
	    (struct s53_route){ .kind = S53_ROUTE_FORWARD, .id = 2, .group = world.groups[1] });
	add_route(view, "z",
	    (struct s53_route){
		.kind = S53_ROUTE_LOCAL, .zone = world.zone, .allow_query = allowed });
}

static void
make_world(unsigned long seed)
{
	struct s53_acl *allowed = s53_acl_new();
	struct s53_prefix loopback;

	require(s53_prefix_parse("127.0.0.0/8", &loopback) == S53_OK &&
		s53_acl_add_prefix(allowed, false, &loopback) == S53_OK,
	    "the access list");
	story = (struct story){ .seed = seed, .dice = seed * 0x9e3779b97f4a7c15u + 1 };
	s53_rand_test_seed(seed);
	s53_clock_test_set(1000000);
	make_zone();
	world.registry = s53_registry_new();
	world.groups[0] = group_of((const char *const[]){ "192.0.2.1", "192.0.2.2", "192.0.2.3" });
	world.groups[1] =
	    group_of((const char *const[]){ "127.0.0.1#8600", "127.0.0.2#8600", "192.0.2.1" });
	for (unsigned i = 0; i < POLICIES; i++)
		make_policy(i, allowed);
	s53_acl_drop(allowed);
}

static void
unmake_world(void)
{
	for (unsigned i = 0; i < POLICIES; i++)
		s53_routes_free(world.views[i].routes);
	s53_group_free(world.groups[0]);
	s53_group_free(world.groups[1]);
	s53_registry_free(world.registry);
	s53_zone_drop(world.zone);
}

int
main(int argc, char **argv)
{
	static const struct s53_log_config silence;
	const char *bad_path;

	if (argc != 3) {
		fprintf(stderr, "usage: %s FIRST LAST\n", argv[0]);
		return 2;
	}
	require(s53_log_configure(&silence, &bad_path) == S53_OK, "the log");
	for (unsigned long seed = strtoul(argv[1], NULL, 10), last = strtoul(argv[2], NULL, 10);
	     seed <= last; seed++) {
		make_world(seed); /* servers too: the state of them is that of one story */
		play();
		unmake_world();
	}
	return 0;
}
