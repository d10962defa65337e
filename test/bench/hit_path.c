/* SPDX-License-Identifier: ISC
 *
 * hit_path.c - cache hits through the whole of resolve, without the kernel: for callgrind.
 *
 *	hit_path [HITS [KIND [SIZE]]]
 *
 * Fills a cache with NAMES answers, then takes HITS queries in batches as listen does and counts
 * the replies. hit_path.py runs it under callgrind, which collects only within answer_hits(). With
 * a KIND of costly.c the cache has one answer, which is costly to serve; clients accept replies of
 * SIZE bytes (1232), or of 512 to 4096 in turn if that is 0. costly.py compares these; the KIND
 * "list" prints them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/cache.h>
#include <split53/hash.h>
#include <split53/reply.h>
#include <split53/resolver.h>
#include <split53/upstream.h>

#include "costly.h"
#include "filter.h"

#define NAMES 1000
#define BATCH 64
#define QUERY_MAX 512
#define NOW_MS 1000000

struct question {
	uint8_t octets[QUERY_MAX];
	size_t len;
};

static const struct s53_cache_rules rules = { .enabled = true,
	.max_ttl_s = 604800,
	.max_ncache_ttl_s = 10800,
	.servfail_ttl_s = 1,
	.stale_client_timeout_ms = S53_STALE_TIMEOUT_OFF,
	.prefetch_trigger_s = 2,
	.prefetch_eligible_s = 9 };

static const struct s53_order_rule cyclic_rule = { .any_name = true, .order = S53_ORDER_CYCLIC };
static const struct s53_order_list cyclic = { .count = 1, .rules = &cyclic_rule };

static struct question questions[NAMES];
static uint8_t room[S53_MESSAGE_MAX];
static unsigned long replies;
static size_t reply_len; /* of the last one */

static uint8_t *
client_room(struct s53_client *client, size_t cap)
{
	(void)client;
	S53_ASSERT(cap <= sizeof(room));
	return room;
}

static void
client_send(struct s53_client *client, size_t len)
{
	(void)client;
	S53_ASSERT(len > S53_HEADER_LEN && s53_header_rcode(room) == S53_RCODE_NOERROR &&
	    s53_header_count(room, S53_ANSWER) == 1);
	replies++;
}

static void
client_send_costly(struct s53_client *client, size_t len)
{
	(void)client;
	reply_len = len;
	replies++;
}

static void
client_drop(struct s53_client *client)
{
	(void)client;
	S53_ASSERT(false); /* each query has an answer */
}

static const struct s53_client_ops ops = { client_room, client_send, client_drop };
static const struct s53_client_ops costly_ops = { client_room, client_send_costly, client_drop };

static void
released(struct s53_policy *policy)
{
	(void)policy;
}

/* Store the answer to the query as a client with EDNS sends it. */
static void
add_name(struct s53_cache *cache, const struct s53_view *view, unsigned i)
{
	static const uint8_t address[4] = { 192, 0, 2, 1 };
	const struct s53_edns_reply edns = {
		.udp_size = 1232, .ede_code = S53_EDE_NONE, .keepalive = -1
	};
	struct s53_question question = { .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN };
	uint8_t octets[512];
	struct s53_reply reply;
	struct s53_key key;
	struct s53_cache_lookup ask = {
		.key = &key, .route_id = 1, .rules = &rules, .now_ms = NOW_MS
	};
	char text[64];

	snprintf(text, sizeof(text), "host-%06u.bench.example", i);
	S53_ASSERT(s53_name_parse(text, &question.name) == S53_OK);
	question.lower = question.name;
	s53_reply_begin(&reply, questions[i].octets, QUERY_MAX, (uint16_t)i, S53_RD, &question);
	questions[i].len = s53_reply_end(&reply, &edns);
	s53_reply_begin(&reply, octets, sizeof(octets), 0, S53_QR | S53_RA, &question);
	s53_reply_add(&reply, S53_ANSWER, &question.name, S53_TYPE_A, S53_CLASS_IN, 3600, address,
	    sizeof(address));
	s53_key_make(&key, view->id, &question, false, false);
	S53_ASSERT(s53_cache_store(cache, &ask,
	    &(struct s53_cache_answer){
		.message = octets, .len = s53_reply_end(&reply, NULL), .lifetime_s = 3600 }));
}

/* As the step validate leaves it: a hit does not pay for records that the filter drops. */
static void
keep_the_answer(const struct s53_view *view, const struct s53_question *question,
    struct s53_ttl_message *message)
{
	static uint8_t filtered[S53_MESSAGE_MAX];
	struct s53_filter filter = { .routes = view->routes,
		.route = s53_routes_find(view->routes, &question->lower),
		.question = question,
		.message = message->octets,
		.len = message->len,
		.room = filtered };
	const char *why = s53_filter(&filter);

	if (why != NULL)
		printf("no answer: %s\n", why);
	S53_ASSERT(why == NULL);
	message->octets = filter.message;
	message->len = filter.len;
}

/* Store the costly answer; all queries are for it. */
static bool
add_costly(struct s53_cache *cache, const struct s53_view *view, const char *kind, unsigned size)
{
	static uint8_t octets[S53_MESSAGE_MAX];
	struct s53_question question;
	struct s53_ttl_message message = { .octets = octets };
	struct s53_edns edns;
	size_t opt_at;
	struct s53_key key;
	struct s53_cache_lookup ask = {
		.key = &key, .route_id = 1, .rules = &rules, .now_ms = NOW_MS
	};

	message.len = costly_message(kind, octets, &question);
	if (message.len == 0)
		return false;
	S53_ASSERT(s53_message_check(octets, message.len, &edns, &opt_at));
	keep_the_answer(view, &question, &message);
	s53_key_make(&key, view->id, &question, false, false);
	for (unsigned i = 0; i < NAMES; i++) {
		const struct s53_edns_reply edns_of_query = {
			.udp_size = (uint16_t)(size != 0 ? size : 512 + i * 37 % 3585),
			.ede_code = S53_EDE_NONE,
			.keepalive = -1
		};
		struct s53_reply query;

		s53_reply_begin(
		    &query, questions[i].octets, QUERY_MAX, (uint16_t)i, S53_RD, &question);
		questions[i].len = s53_reply_end(&query, &edns_of_query);
	}
	return s53_cache_store(cache, &ask,
	    &(struct s53_cache_answer){ .message = message.octets,
		.len = message.len,
		.lifetime_s = s53_cache_apply_ttl_rules(&rules, &question, &message) });
}

/* callgrind collects within this function: nothing may be inlined into or out of it. */
__attribute__((noinline)) static void
answer_hits(struct s53_resolver *resolver, const struct s53_client *client, unsigned long hits)
{
	struct s53_arrival arrivals[BATCH];

	for (unsigned long done = 0; done < hits; done += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			const struct question *question = &questions[(done + i) * 7 % NAMES];

			arrivals[i] =
			    (struct s53_arrival){ client, question->octets, question->len };
		}
		s53_resolver_take_batch(resolver, arrivals, BATCH, NOW_MS + 1500);
	}
}

int
main(int argc, char **argv)
{
	unsigned long hits = argc > 1 ? strtoul(argv[1], NULL, 10) : 64000;
	struct s53_route route = { .kind = S53_ROUTE_FORWARD, .id = 1, .ede = S53_EDE_NONE };
	struct s53_view view = { .id = 1,
		.name = "_default",
		.answering = { .cache = &rules },
		.recursion = true,
		.udp_size_max = 1232,
		.udp_size_loopback = 1232,
		.edns_udp_size = 1232 };
	struct s53_policy policy = { .count = 1,
		.release = released,
		.recursive_clients = 100,
		.view_count = 1,
		.views = &view };
	struct s53_client client = { .ops = &ops, .kind = S53_UDP };
	struct s53_counters counters = { 0 };
	struct s53_resolver_shared shared = { 0 };
	struct s53_resolver *resolver;

	if (argc > 2 && strcmp(argv[2], "list") == 0) {
		for (unsigned i = 0; costly_kind(i) != NULL; i++)
			puts(costly_kind(i));
		return EXIT_SUCCESS;
	}
	s53_hash_init();
	hits -= hits % BATCH;
	view.routes = s53_routes_new();
	policy.cache = s53_cache_new(16 << 20);
	S53_ASSERT(s53_addr_parse("192.0.2.99", 4242, &client.addr) == S53_OK);
	S53_ASSERT(s53_addr_parse("192.0.2.53", 53, &client.local) == S53_OK);
	S53_ASSERT(s53_name_parse(".", &route.apex) == S53_OK);
	route.group = s53_group_new(NULL, 0, NULL);
	S53_ASSERT(s53_routes_add(view.routes, &route) == S53_OK);
	bool costly = argc > 2 && strcmp(argv[2], "normal") != 0;
	if (costly) {
		unsigned size = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1232;

		view.udp_size_max = view.udp_size_loopback = size == 1232 ? 1232 : 4096;
		if (strcmp(argv[2], "rules") == 0)
			view.answering.order = &cyclic;
		client.ops = &costly_ops;
		S53_ASSERT(add_costly(policy.cache, &view, argv[2], size));
	}
	for (unsigned i = 0; i < NAMES && !costly; i++)
		add_name(policy.cache, &view, i);
	resolver = s53_resolver_new(NULL, &counters, &shared, &policy);
	answer_hits(resolver, &client, hits);
	printf("%lu of %lu, the last of %zu bytes, %u records, rcode %u%s\n", replies, hits,
	    reply_len,
	    s53_header_count(room, S53_ANSWER) + s53_header_count(room, S53_AUTHORITY) +
		s53_header_count(room, S53_ADDITIONAL),
	    s53_header_rcode(room), (s53_header_flags(room) & S53_TC) != 0 ? ", TC" : "");
	s53_resolver_free(resolver);
	s53_routes_free(view.routes);
	s53_group_free(route.group);
	s53_cache_drop(policy.cache);
	return replies == hits ? EXIT_SUCCESS : EXIT_FAILURE;
}
