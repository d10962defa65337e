/* SPDX-License-Identifier: ISC
 *
 * explain_live.c - the parts of the control channel's `explain` that --explain does not have: the
 * health of servers, and the cache entry.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/inspect.h>
#include <split53/key.h>
#include <split53/mnemonic.h>
#include <split53/render.h>

#include "explain.h"
#include "explain_json.h"

#define MESSAGE_MAX 65535

void
s53_explain_health(struct s53_upstream *upstream, FILE *out)
{
	uint64_t now_ms = s53_clock_ms();
	struct s53_upstream_report report;
	const struct s53_health_report *path;

	s53_upstream_report(upstream, &report, now_ms);
	path = &report.path[s53_upstream_wants_tcp(upstream) ? S53_OVER_TCP : S53_OVER_UDP];
	fprintf(out, ", %s", s53_health_state_name(path->state));
	if (path->since_ms != 0)
		fprintf(
		    out, " for %" PRIu64 " s", s53_clock_since_ms(path->since_ms, now_ms) / 1000);
	if (path->state != S53_HEALTH_UP && path->reason != S53_REASON_NONE)
		fprintf(out, " (%s)", s53_health_reason_name(path->reason));
	if (path->has_rtt)
		fprintf(out, ", RTT %" PRIu32 " ms", path->rtt_ms);
	if (path->loss_permille > 0)
		fprintf(out, ", loss %" PRIu32 ".%" PRIu32 "%%", path->loss_permille / 10,
		    path->loss_permille % 10);
}

/* Print the records in the form of a dump. */
static void
print_records(const struct s53_key *key, const uint8_t *octets, size_t len, FILE *out)
{
	const struct s53_render_cached cached = { .message = octets,
		.len = len,
		.dnssec_ok = key->dnssec_ok,
		.checking_disabled = key->checking_disabled };

	if (!s53_render_cached(out, &cached))
		fputs("         (out of memory)\n", out);
}

/* Look up the query. Returns the line `answer` if the cache decides it, else NULL. */
static const char *
look_up(const struct s53_explain_query *query, const struct s53_cache_lookup *ask, uint8_t *octets,
    FILE *out)
{
	static const char *const verdicts[] = {
		[S53_CACHE_MISS] = "nothing",
		[S53_CACHE_FRESH] = "an answer, sent without a query to a server:",
		[S53_CACHE_STALE] = "an expired answer, used when no server responds:",
		[S53_CACHE_FAILURE] = "a failure: no server is queried until it expires",
		[S53_CACHE_CUT] = "an answer over UDP that may be incomplete:",
	};
	static const char *const answers[] = {
		[S53_CACHE_FRESH] = "from the cache",
		[S53_CACHE_FAILURE] = "SERVFAIL: this query failed less than servfail-ttl ago",
		[S53_CACHE_CUT] = ("from the cache; a query to an upstream if the client "
				   "can receive more"),
	};
	struct s53_fit fit = { .limit = MESSAGE_MAX };
	struct s53_cache *cache = query->cache;
	struct s53_cached cached;
	enum s53_freshness found;
	bool has_message;

	memset(&cached, 0, sizeof(cached));
	s53_cache_find(cache, ask, octets, MESSAGE_MAX, &cached);
	fprintf(out, "in cache %s\n", verdicts[cached.freshness]);
	found = cached.freshness;
	if (found == S53_CACHE_STALE)
		s53_cache_find_stale(cache, ask, octets, MESSAGE_MAX, &cached);
	if (found == S53_CACHE_CUT)
		s53_cache_find_part(cache, ask, &fit, octets, &cached);
	has_message =
	    (cached.freshness == S53_CACHE_FRESH || cached.freshness == S53_CACHE_STALE) &&
	    cached.len <= MESSAGE_MAX;
	if (has_message)
		print_records(ask->key, octets, cached.len, out);
	explain_json_cached(query->json, found, octets, has_message ? cached.len : 0);
	return answers[found];
}

const char *
s53_explain_cached(const struct s53_explain_query *query, const struct s53_view *view,
    const struct s53_route *route, const struct s53_name *name, FILE *out)
{
	const struct s53_answering *answering =
	    route->answering != NULL ? route->answering : &view->answering;
	struct s53_question question = { .qtype = query->type, .qclass = S53_CLASS_IN };
	struct s53_key key;
	struct s53_cache_lookup ask = { .key = &key,
		.route_id = route->id,
		.rules = answering->cache,
		.no_refresh = true,
		.now_ms = s53_clock_ms() };
	const char *answer;
	uint8_t *octets;

	if (query->cache == NULL || !answering->cache->enabled)
		return NULL;
	if ((octets = malloc(MESSAGE_MAX)) == NULL)
		return NULL;
	s53_name_copy(&question.name, name);
	s53_name_copy(&question.lower, name);
	s53_key_make(&key, view->id, &question, false, false);
	answer = look_up(query, &ask, octets, out);
	free(octets);
	return answer;
}

/* ANY is no type of records, but one of queries. */
static uint16_t
parse_type(const char *word)
{
	return strcasecmp(word, "ANY") == 0 ? S53_TYPE_ANY : s53_type_parse(word);
}

enum s53_status
s53_explain_live(const struct s53_snapshot *snapshot, struct s53_cache *cache,
    const struct s53_explain_question *question, FILE *out, struct json_object *json, char *why,
    size_t size)
{
	struct s53_explain_query query = { .snapshot = snapshot,
		.json = json,
		.name = question->name,
		.client = question->client,
		.is_live = true,
		.type = S53_TYPE_A,
		.cache = cache };
	char text[S53_EXPLAIN_WHY] = "";

	if (question->type != NULL && (query.type = parse_type(question->type)) == 0) {
		snprintf(why, size, "'%s' is not a record type", question->type);
		return S53_E_SYNTAX;
	}
	if (s53_explain_query(&query, out, text))
		return S53_OK;
	snprintf(why, size, "%s", text);
	return S53_E_SYNTAX;
}
