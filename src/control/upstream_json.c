/* SPDX-License-Identifier: ISC
 *
 * upstream_json.c - see upstream_json.h. Times are in milliseconds, as the names say.
 */
#include "upstream_json.h"

#include <json-c/json.h>

#include <split53/clock.h>

static void
add_number(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static struct json_object *
path_json(const struct s53_health_report *path, uint64_t now_ms)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(
	    json, "state", json_object_new_string(s53_health_state_name(path->state)));
	if (path->reason != S53_REASON_NONE)
		json_object_object_add(
		    json, "reason", json_object_new_string(s53_health_reason_name(path->reason)));
	if (path->since_ms != 0)
		add_number(json, "state-ms", s53_clock_since_ms(path->since_ms, now_ms));
	if (path->has_rtt) {
		add_number(json, "rtt-ms", path->rtt_ms);
		add_number(json, "rtt-variation-ms", path->variation_ms);
	}
	if (path->asked) {
		add_number(json, "loss-permille", path->loss_permille);
		add_number(json, "failed-permille", path->failed_permille);
		add_number(json, "timeouts-in-row", path->timeouts_in_row);
	}
	if (path->answered_at_ms != 0)
		add_number(
		    json, "answered-ms-ago", s53_clock_since_ms(path->answered_at_ms, now_ms));
	if (path->failed_at_ms != 0)
		add_number(json, "failed-ms-ago", s53_clock_since_ms(path->failed_at_ms, now_ms));
	return json;
}

struct json_object *
upstream_json(const struct s53_upstream_report *report, uint64_t now_ms)
{
	struct json_object *json = json_object_new_object(), *failures = json_object_new_object();
	char addr[S53_ADDR_TEXT];

	json_object_object_add(
	    json, "server", json_object_new_string(s53_addr_print(&report->addr, addr)));
	json_object_object_add(json, "set", json_object_new_string(s53_admin_name(report->admin)));
	add_number(json, "queries", report->asked);
	add_number(json, "in-flight", report->in_flight);
	for (unsigned i = 0; i < S53_FAILURES; i++)
		add_number(failures, s53_failure_name((enum s53_failure)i), report->failures[i]);
	json_object_object_add(json, "failures", failures);
	json_object_object_add(json, "udp", path_json(&report->path[S53_OVER_UDP], now_ms));
	json_object_object_add(json, "tcp", path_json(&report->path[S53_OVER_TCP], now_ms));
	return json;
}
