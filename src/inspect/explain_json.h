/* SPDX-License-Identifier: ISC
 *
 * explain_json.h - the fields of `split53ctl --json explain`, beside the lines of its text.
 *
 * Layer    inspect, private
 * Threads  main thread
 * Memory   `json` owns what is added; NULL, where only text is wanted: nothing is done
 * Units    seconds (TTL, times), where a name does not say milliseconds
 */
#pragma once

#include <split53/cache.h>

#include "explain.h"

void explain_json_text(struct json_object *json, const char *name, const char *value);
void explain_json_flag(struct json_object *json, const char *name, bool value);

/* "route": the zone that decides; `note` NULL: it is built in. */
void explain_json_route(
    struct json_object *json, const struct s53_route *route, const struct s53_route_note *note);

/* "policy" and "upstreams": how a server is chosen, and each with its health now. */
void explain_json_group(struct json_object *json, const struct s53_group *group);

/* "cache": how long responses are kept; null: they are not. */
void explain_json_cache_rules(struct json_object *json, const struct s53_cache_rules *rules);

/*
 * "in-cache": what was found; the records of an answer, whose `message` of `len` bytes was copied,
 * with their remaining TTLs. `len` 0: there is no message.
 */
void explain_json_cached(
    struct json_object *json, enum s53_freshness freshness, const uint8_t *message, size_t len);
