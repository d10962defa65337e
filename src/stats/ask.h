/* SPDX-License-Identifier: ISC
 *
 * ask.h - parses the request line and the header Accept of a request to a statistics channel.
 *
 * Layer    stats, private
 * Threads  main thread
 * Memory   none
 * Sources  RFC 9110 s12.5.1 (Accept)
 */
#pragma once

#include <stdbool.h>

enum s53_stats_page {
	S53_PAGE_NONE, /* 404 */
	S53_PAGE_INDEX,
	S53_PAGE_METRICS,
	S53_PAGE_JSON,
	S53_PAGE_HEALTH,
	S53_PAGE_READY,
};

struct s53_stats_ask {
	enum s53_stats_page page;
	unsigned json_parts; /* of enum s53_json_part */
	bool zones; /* READY: of each zone, "zones=1" */
	bool openmetrics; /* METRICS */
};

/*
 * `uri` is the target of the request line, `accept` the value of the header (NULL: there is none).
 * Any octets are accepted; an unknown target is page NONE.
 */
struct s53_stats_ask s53_stats_ask_parse(const char *uri, const char *accept);
