/* SPDX-License-Identifier: ISC
 *
 * json_split53.c - the member "split53": data that BIND's format has no place for.
 */
#include "json_value.h"

static void
add_counters(struct json_page *page, struct json_object *object)
{
	for (unsigned i = 0; i < S53_C_COUNT; i++)
		json_page_number(
		    page, object, s53_counter_name((enum s53_counter)i), page->stats->counter[i]);
}

static void
add_path(struct json_page *page, struct json_object *object, const struct s53_health_report *path)
{
	json_page_text(page, object, "state", s53_health_state_name(path->state));
	json_page_text(page, object, "reason", s53_health_reason_name(path->reason));
	json_page_number(page, object, "since-ms",
	    page->stats->taken_ms > path->since_ms ? page->stats->taken_ms - path->since_ms : 0);
	if (path->has_rtt)
		json_page_number(page, object, "rtt-ms", path->rtt_ms);
	json_page_number(page, object, "loss-permille", path->loss_permille);
}

static void
add_server(struct json_page *page, struct json_object *array, const struct s53_stats_server *server)
{
	static const char *const names[S53_TRAFFIC_KINDS] = {
		[S53_TRAFFIC_UDP] = "queries-udp",
		[S53_TRAFFIC_TCP] = "queries-tcp",
		[S53_TRAFFIC_NOERROR] = "noerror",
		[S53_TRAFFIC_NXDOMAIN] = "nxdomain",
		[S53_TRAFFIC_SERVFAIL] = "servfail",
		[S53_TRAFFIC_REFUSED] = "refused",
		[S53_TRAFFIC_OTHER] = "other-rcodes",
		[S53_TRAFFIC_OVERDUE] = "overdue",
		[S53_TRAFFIC_TIMEOUT] = "timeouts",
		[S53_TRAFFIC_NOT_LISTENING] = "connections-refused",
		[S53_TRAFFIC_UNREACHABLE] = "unreachable",
		[S53_TRAFFIC_GARBAGE] = "garbage",
		[S53_TRAFFIC_TCP_FALLBACK] = "tcp-fallbacks",
		[S53_TRAFFIC_EDNS_FALLBACK] = "edns-fallbacks",
		[S53_TRAFFIC_HEDGE] = "hedges",
	};
	static const char *const protocols[S53_PROTOCOLS] = { "udp", "tcp" };
	struct json_object *object = json_page_element(page, array);
	char addr[S53_ADDR_TEXT];

	json_page_text(page, object, "address", s53_addr_print(&server->report.addr, addr));
	for (unsigned i = 0; i < S53_PROTOCOLS; i++)
		add_path(
		    page, json_page_object(page, object, protocols[i]), &server->report.path[i]);
	for (unsigned i = 0; i < S53_TRAFFIC_KINDS; i++)
		json_page_number(page, object, names[i], server->traffic[i]);
}

void
json_page_split53(struct json_page *page, struct json_object *top)
{
	struct json_object *object = json_page_object(page, top, "split53");
	struct json_object *servers;

	add_counters(page, json_page_object(page, object, "counters"));
	servers = json_page_array(page, object, "servers");
	for (size_t i = 0; i < page->stats->server_count; i++)
		add_server(page, servers, &page->stats->servers[i]);
}
