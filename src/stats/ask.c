/* SPDX-License-Identifier: ISC
 *
 * ask.c - see ask.h. libevent parses the URI.
 */
#include "ask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "json.h"

#define OPENMETRICS "application/openmetrics-text"
#define TEXT "text/plain"
#define QUALITY_MAX 1000

static const struct {
	const char *path;
	enum s53_stats_page page;
	unsigned json_parts;
} pages[] = {
	{ "/", S53_PAGE_INDEX, 0 },
	{ "/metrics", S53_PAGE_METRICS, 0 },
	{ "/health", S53_PAGE_HEALTH, 0 },
	{ "/ready", S53_PAGE_READY, 0 },
	{ "/json", S53_PAGE_JSON, S53_JSON_ALL },
	{ "/json/v1", S53_PAGE_JSON, S53_JSON_ALL },
	{ "/json/v1/status", S53_PAGE_JSON, S53_JSON_STATUS },
	{ "/json/v1/server", S53_PAGE_JSON, S53_JSON_SERVER },
	{ "/json/v1/zones", S53_PAGE_JSON, S53_JSON_ZONES },
	{ "/json/v1/net", S53_PAGE_JSON, S53_JSON_NET },
	{ "/json/v1/tasks", S53_PAGE_JSON, S53_JSON_TASKS },
	{ "/json/v1/mem", S53_PAGE_JSON, S53_JSON_MEM },
	{ "/json/v1/traffic", S53_PAGE_JSON, S53_JSON_TRAFFIC },
};

/* Compare a path; a slash at its end is ignored. */
static bool
is_path(const char *path, const char *wanted)
{
	size_t len = strlen(wanted);

	if (strncmp(path, wanted, len) != 0)
		return false;
	return path[len] == '\0' || (path[len] == '/' && path[len + 1] == '\0');
}

/* Parse "0.75" into thousandths; 0 if it is not a number. */
static unsigned
quality_of(const char *text, const char *end)
{
	unsigned quality = 0, unit = QUALITY_MAX;

	for (; text < end && unit > 0; text++) {
		if (*text == '.')
			continue;
		if (*text < '0' || *text > '9')
			break;
		quality += (unsigned)(*text - '0') * unit;
		unit /= 10;
	}
	return quality > QUALITY_MAX ? QUALITY_MAX : quality;
}

/* Find the end of the part that begins at `text`: the next `mark`, or `end`. */
static const char *
part_end(const char *text, const char *end, char mark)
{
	while (text < end && *text != mark)
		text++;
	return text;
}

static const char *
skip_blanks(const char *text, const char *end)
{
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	return text;
}

static bool
is_type(const char *text, const char *end, const char *type)
{
	size_t len = strlen(type);

	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (size_t)(end - text) == len && strncasecmp(text, type, len) == 0;
}

/*
 * Returns the quality of one media range of Accept, "TYPE;version=1;q=0.5", if it matches `type`;
 * else 0.
 */
static unsigned
range_quality(const char *text, const char *end, const char *type)
{
	const char *at = part_end(text, end, ';');
	unsigned quality = QUALITY_MAX;

	if (!is_type(text, at, type))
		return 0;
	while (at < end) {
		const char *name = skip_blanks(at + 1, end);

		at = part_end(name, end, ';');
		if (at - name > 2 && strncasecmp(name, "q=", 2) == 0)
			quality = quality_of(name + 2, at);
	}
	return quality;
}

static unsigned
best_quality(const char *accept, const char *type)
{
	const char *end = accept + strlen(accept);
	unsigned best = 0;

	for (const char *at = accept; at < end;) {
		const char *stop = part_end(at, end, ',');
		unsigned quality = range_quality(skip_blanks(at, stop), stop, type);

		best = quality > best ? quality : best;
		at = stop < end ? stop + 1 : end;
	}
	return best;
}

/* OpenMetrics is used if Accept names it with at least the quality of the older format. */
static bool
wants_openmetrics(const char *accept)
{
	unsigned quality;

	if (accept == NULL)
		return false;
	quality = best_quality(accept, OPENMETRICS);
	return quality > 0 && quality >= best_quality(accept, TEXT);
}

static bool
wants_zones(const char *query)
{
	struct evkeyvalq fields;
	const char *value = NULL;
	bool wanted;

	TAILQ_INIT(&fields);
	if (query == NULL || evhttp_parse_query_str(query, &fields) != 0)
		return false;
	value = evhttp_find_header(&fields, "zones");
	wanted = value != NULL && strcmp(value, "1") == 0;
	evhttp_clear_headers(&fields);
	return wanted;
}

struct s53_stats_ask
s53_stats_ask_parse(const char *uri, const char *accept)
{
	struct s53_stats_ask ask = { .page = S53_PAGE_NONE };
	struct evhttp_uri *parts = evhttp_uri_parse_with_flags(uri, EVHTTP_URI_NONCONFORMANT);
	const char *path = parts != NULL ? evhttp_uri_get_path(parts) : NULL;

	for (size_t i = 0; path != NULL && i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (!is_path(path, pages[i].path))
			continue;
		ask.page = pages[i].page;
		ask.json_parts = pages[i].json_parts;
		break;
	}
	if (ask.page == S53_PAGE_READY)
		ask.zones = wants_zones(evhttp_uri_get_query(parts));
	if (ask.page == S53_PAGE_METRICS)
		ask.openmetrics = wants_openmetrics(accept);
	if (parts != NULL)
		evhttp_uri_free(parts);
	return ask;
}
