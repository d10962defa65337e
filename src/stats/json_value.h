/* SPDX-License-Identifier: ISC
 *
 * json_value.h - adds members to json-c objects.
 *
 * Layer    stats, private to the json*.c files
 * Threads  main thread
 * Memory   an object owns its members. Without memory a member is missing and `failed` is set
 */
#pragma once

#include <stdbool.h>

#include <json-c/json.h>

#include <split53/stats.h>

struct json_page {
	const struct s53_stats *stats;
	bool failed; /* out of memory */
};

/* A new object in `object`, or NULL. NULL in place of an object is fine in all of these. */
struct json_object *json_page_object(
    struct json_page *page, struct json_object *object, const char *name);
struct json_object *json_page_array(
    struct json_page *page, struct json_object *object, const char *name);
/* A new object at the end of an array. */
struct json_object *json_page_element(struct json_page *page, struct json_object *array);
void json_page_number(
    struct json_page *page, struct json_object *object, const char *name, uint64_t number);
void json_page_text(
    struct json_page *page, struct json_object *object, const char *name, const char *text);
/* ISO 8601 with milliseconds, UTC. */
void json_page_time(
    struct json_page *page, struct json_object *object, const char *name, uint64_t wall_ms);

/* json_split53.c: the member "split53" of the server's and the zones' part. */
void json_page_split53(struct json_page *page, struct json_object *top);
