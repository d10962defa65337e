/* SPDX-License-Identifier: ISC
 *
 * json.h - a collection as BIND 9.18's statistics channel has it in JSON.
 *
 * Layer    stats, private
 * Threads  main thread
 * Memory   json-c's objects, counted; the caller puts what s53_stats_json() returns
 *
 * The members have BIND's names and meanings, as far as split53 has the facts. What it does not
 * count (types of queries) is an empty object. "split53" is ours: all counters by their names,
 * servers and zones.
 */
#pragma once

#include <json-c/json.h>

#include <split53/stats.h>

/* Parts of /json/v1, as bits. */
enum s53_json_part {
	S53_JSON_STATUS = 1, /* in all of them */
	S53_JSON_SERVER = 2,
	S53_JSON_ZONES = 4,
	S53_JSON_NET = 8,
	S53_JSON_TASKS = 16,
	S53_JSON_MEM = 32,
	S53_JSON_TRAFFIC = 64,
	S53_JSON_ALL = 127,
};

/* NULL: no memory. */
struct json_object *s53_stats_json(const struct s53_stats *stats, unsigned parts);
