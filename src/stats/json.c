/* SPDX-License-Identifier: ISC
 *
 * json.c - the JSON members that BIND has.
 *
 * bind_exporter reads the counters into maps of unsigned numbers: these objects may have no members
 * of other types.
 */
#include "json.h"

#include <string.h>

#include "json_value.h"

/* The version of BIND 9.18's format. */
#define FORMAT "1.7"

static uint64_t
counted(const struct json_page *page, enum s53_counter counter)
{
	return page->stats->counter[counter];
}

/* Members that show one counter each. */
struct member {
	const char *name;
	enum s53_counter counter;
};

static void
add_members(
    struct json_page *page, struct json_object *object, const struct member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_page_number(page, object, members[i].name, counted(page, members[i].counter));
}

static void
add_status(struct json_page *page, struct json_object *top)
{
	const struct s53_stats *stats = page->stats;

	json_page_text(page, top, "json-stats-version", FORMAT);
	json_page_time(page, top, "boot-time", stats->process.started_wall_ms);
	json_page_time(page, top, "config-time", stats->process.configured_wall_ms);
	json_page_time(page, top, "current-time", stats->taken_wall_ms);
	json_page_text(page, top, "version", "split53 " S53_VERSION);
}

static uint64_t
count_requests(const struct json_page *page)
{
	return counted(page, S53_C_LISTEN_UDP) + counted(page, S53_C_LISTEN_TCP);
}

static void
add_codes(struct json_page *page, struct json_object *top)
{
	static const struct member rcodes[] = { { "NOERROR", S53_C_ANSWER_NOERROR },
		{ "FORMERR", S53_C_ANSWER_FORMERR }, { "SERVFAIL", S53_C_ANSWER_SERVFAIL },
		{ "NXDOMAIN", S53_C_ANSWER_NXDOMAIN }, { "NOTIMP", S53_C_PARSE_NOTIMP },
		{ "REFUSED", S53_C_ANSWER_REFUSED }, { "BADVERS", S53_C_PARSE_BADVERS } };
	struct json_object *opcodes = json_page_object(page, top, "opcodes");
	struct json_object *object = json_page_object(page, top, "rcodes");
	uint64_t others = counted(page, S53_C_PARSE_NOTIMP);

	json_page_number(page, opcodes, "QUERY",
	    count_requests(page) - (others < count_requests(page) ? others : 0));
	json_page_number(page, opcodes, "OTHER", others);
	add_members(page, object, rcodes, sizeof(rcodes) / sizeof(rcodes[0]));
	json_page_object(page, top, "qtypes");
}

static void
add_name_server(struct json_page *page, struct json_object *top)
{
	static const struct member members[] = { { "QryUDP", S53_C_LISTEN_UDP },
		{ "QryTCP", S53_C_LISTEN_TCP }, { "ReqTCP", S53_C_LISTEN_TCP },
		{ "TruncatedResp", S53_C_ANSWER_TRUNCATED }, { "QrySuccess", S53_C_ANSWER_NOERROR },
		{ "QryNXDOMAIN", S53_C_ANSWER_NXDOMAIN }, { "QrySERVFAIL", S53_C_ANSWER_SERVFAIL },
		{ "QryFORMERR", S53_C_ANSWER_FORMERR }, { "QryFailure", S53_C_ANSWER_OTHER },
		{ "QryRecursion", S53_C_JOIN_STARTED },
		{ "QryDuplicate", S53_C_JOIN_RETRANSMITTED },
		{ "QryDropped", S53_C_JOIN_CLIENT_LIMIT }, { "RecQryRej", S53_C_ADMIT_REFUSED },
		{ "RecLimitDropped", S53_C_ADMIT_RECURSIVE_CLIENTS },
		{ "Prefetch", S53_C_FIND_PREFETCH } };
	struct json_object *object = json_page_object(page, top, "nsstats");

	json_page_number(page, object, "Response",
	    counted(page, S53_C_ANSWER_NOERROR) + counted(page, S53_C_ANSWER_NXDOMAIN) +
		counted(page, S53_C_ANSWER_SERVFAIL) + counted(page, S53_C_ANSWER_REFUSED) +
		counted(page, S53_C_ANSWER_FORMERR) + counted(page, S53_C_ANSWER_OTHER));
	json_page_number(page, object, "RecursClients", page->stats->process.pending);
	add_members(page, object, members, sizeof(members) / sizeof(members[0]));
}

/* The sum over all servers. */
static uint64_t
traffic(const struct json_page *page, enum s53_traffic_kind kind)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < page->stats->server_count; i++)
		sum += page->stats->servers[i].traffic[kind];
	return sum;
}

/*
 * The names are BIND's, such as "QryRTT10" for up to 10 ms, with the bounds of this histogram that
 * are nearest to BIND's (10, 100, 500, 800, 1600). The counts are not cumulative.
 */
static void
add_rtt(struct json_page *page, struct json_object *object)
{
	static const struct {
		const char *name;
		uint64_t bound_ms;
	} bounds[] = { { "QryRTT10", 10 }, { "QryRTT100", 100 }, { "QryRTT500", 500 },
		{ "QryRTT1000", 1000 }, { "QryRTT2000", 2000 }, { "QryRTT2000+", UINT64_MAX } };
	unsigned bucket = 0;

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		uint64_t sum = 0;

		for (; bucket < S53_HISTOGRAM_BUCKETS &&
		     (bucket == S53_HISTOGRAM_BOUNDS
			     ? bounds[i].bound_ms == UINT64_MAX
			     : s53_histogram_bounds_ns[bucket] / 1000000 <= bounds[i].bound_ms);
		     bucket++)
			for (size_t s = 0; s < page->stats->server_count; s++)
				sum += page->stats->servers[s].rtt.bucket[bucket];
		json_page_number(page, object, bounds[i].name, sum);
	}
}

/* Servers are shared by all views: their statistics are in the first view. */
static void
add_resolver_stats(struct json_page *page, struct json_object *stats)
{
	static const struct {
		const char *name;
		enum s53_traffic_kind kind;
	} members[] = { { "NXDOMAIN", S53_TRAFFIC_NXDOMAIN }, { "SERVFAIL", S53_TRAFFIC_SERVFAIL },
		{ "REFUSED", S53_TRAFFIC_REFUSED }, { "OtherError", S53_TRAFFIC_OTHER },
		{ "EDNS0Fail", S53_TRAFFIC_EDNS_FALLBACK }, { "QueryTimeout", S53_TRAFFIC_TIMEOUT },
		{ "Truncated", S53_TRAFFIC_TCP_FALLBACK }, { "Mismatch", S53_TRAFFIC_GARBAGE } };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_page_number(page, stats, members[i].name, traffic(page, members[i].kind));
	json_page_number(page, stats, "QuerySockFail",
	    traffic(page, S53_TRAFFIC_NOT_LISTENING) + traffic(page, S53_TRAFFIC_UNREACHABLE));
	json_page_number(page, stats, "Retry",
	    counted(page, S53_C_CHOOSE_HEDGED) + counted(page, S53_C_CHOOSE_RETRIED));
	json_page_number(page, stats, "NumFetch", page->stats->process.pending);
	add_rtt(page, stats);
}

static void
add_cache_stats(
    struct json_page *page, struct json_object *object, const struct s53_stats_zone *view)
{
	const struct s53_stats *stats = page->stats;

	json_page_number(page, object, "CacheHits", view->tally[S53_TALLY_HITS]);
	json_page_number(page, object, "CacheMisses", view->tally[S53_TALLY_MISSES]);
	json_page_number(page, object, "QueryHits", view->tally[S53_TALLY_HITS]);
	json_page_number(page, object, "QueryMisses", view->tally[S53_TALLY_MISSES]);
	json_page_number(page, object, "DeleteLRU", stats->cache.evictions);
	json_page_number(page, object, "CacheNodes", stats->cache.entries);
	json_page_number(page, object, "TreeMemInUse", stats->cache.octets);
	json_page_number(page, object, "TreeMemMax", stats->cache_octets_max);
}

/* Find or create the object of a view in `views`. */
static struct json_object *
view_object(struct json_page *page, struct json_object *views, const char *name)
{
	struct json_object *view = NULL;

	if (views != NULL && json_object_object_get_ex(views, name, &view))
		return view;
	return json_page_object(page, views, name);
}

static void
add_resolvers(struct json_page *page, struct json_object *views)
{
	for (size_t i = 0; i < page->stats->view_count; i++) {
		const struct s53_stats_zone *view = &page->stats->views[i];
		struct json_object *resolver =
		    json_page_object(page, view_object(page, views, view->name->view), "resolver");
		struct json_object *stats = json_page_object(page, resolver, "stats");

		if (i == 0)
			add_resolver_stats(page, stats);
		json_page_object(page, resolver, "qtypes");
		json_page_object(page, resolver, "cache");
		add_cache_stats(page, json_page_object(page, resolver, "cachestats"), view);
	}
}

/* Rcodes of a zone are not counted; the counters that exist have the names of the metrics. */
static void
add_zone(struct json_page *page, struct json_object *array, const struct s53_stats_zone *zone)
{
	struct json_object *object = json_page_element(page, array);
	const char *type = s53_zone_kind_name(zone->name->kind);

	if (zone->name->kind == S53_ZONE_LOCAL)
		type = "primary";
	json_page_text(page, object, "name", zone->name->zone[0] != '\0' ? zone->name->zone : type);
	json_page_text(page, object, "class", "IN");
	json_page_number(page, object, "serial", 0);
	json_page_text(page, object, "type", type);
	json_page_object(page, object, "rcodes");
	json_page_object(page, object, "qtypes");
}

static void
add_zones(struct json_page *page, struct json_object *views)
{
	const char *last = NULL;
	struct json_object *array = NULL;

	for (size_t i = 0; i < page->stats->zone_count; i++) {
		const struct s53_stats_zone *zone = &page->stats->zones[i];
		struct json_object *view;

		if (zone->name->kind == S53_ZONE_OTHER)
			continue;
		if (last == NULL || strcmp(last, zone->name->view) != 0) {
			last = zone->name->view;
			view = view_object(page, views, last);
			if (view == NULL || !json_object_object_get_ex(view, "zones", &array))
				array = json_page_array(page, view, "zones");
		}
		add_zone(page, array, zone);
	}
}

static void
add_net(struct json_page *page, struct json_object *top)
{
	struct json_object *object = json_page_object(page, top, "sockstats");

	json_page_number(page, object, "TCP4Accept", counted(page, S53_C_LISTEN_TCP_OPENED));
	json_page_number(page, object, "TCP4Active", page->stats->process.tcp_clients);
}

static void
add_tasks(struct json_page *page, struct json_object *top)
{
	struct json_object *object = json_page_object(page, top, "taskmgr");

	json_page_text(page, object, "thread-model", "threaded");
	json_page_number(page, object, "worker-threads", page->stats->process.workers);
	json_page_number(page, object, "tasks-running", page->stats->process.workers);
}

static void
add_memory(struct json_page *page, struct json_object *top)
{
	const struct s53_stats *stats = page->stats;
	struct json_object *object = json_page_object(page, top, "memory");
	struct json_object *context;

	json_page_number(page, object, "TotalUse", stats->system.resident_octets);
	json_page_number(page, object, "InUse", stats->system.resident_octets);
	context = json_page_element(page, json_page_array(page, object, "contexts"));
	json_page_text(page, context, "name", "cache");
	json_page_number(page, context, "inuse", stats->cache.octets);
	json_page_number(page, context, "hiwater", stats->cache_octets_max);
}

static void
add_parts(struct json_page *page, struct json_object *top, unsigned parts)
{
	struct json_object *views = NULL;

	add_status(page, top);
	if ((parts & S53_JSON_SERVER) != 0) {
		add_codes(page, top);
		add_name_server(page, top);
		json_page_object(page, top, "zonestats");
	}
	if ((parts & (S53_JSON_SERVER | S53_JSON_ZONES)) != 0)
		views = json_page_object(page, top, "views");
	if ((parts & S53_JSON_ZONES) != 0)
		add_zones(page, views);
	if ((parts & S53_JSON_SERVER) != 0) {
		add_resolvers(page, views);
		json_page_split53(page, top);
	}
	if ((parts & S53_JSON_NET) != 0)
		add_net(page, top);
	if ((parts & S53_JSON_TASKS) != 0)
		add_tasks(page, top);
	if ((parts & S53_JSON_MEM) != 0)
		add_memory(page, top);
	if ((parts & S53_JSON_TRAFFIC) != 0)
		json_page_object(page, top, "traffic");
}

struct json_object *
s53_stats_json(const struct s53_stats *stats, unsigned parts)
{
	struct json_page page = { .stats = stats };
	struct json_object *top = json_object_new_object();

	if (top == NULL)
		return NULL;
	add_parts(&page, top, parts);
	if (!page.failed)
		return top;
	json_object_put(top);
	return NULL;
}
