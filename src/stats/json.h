/* SPDX-License-Identifier: ISC
 *
 * json.h - writes a collection in the JSON format of BIND 9.18's statistics channel.
 *
 * Layer    stats, private
 * Threads  main thread
 * Memory   json-c's objects, counted; the caller releases the one that s53_stats_json() returns
 *          with json_object_put()
 *
 * Members have BIND's names and meanings as far as split53 has the data. Objects for what it does
 * not count (types of queries) are empty. The member "split53" is an extension: all counters by
 * their own names, servers and zones.
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
