/* SPDX-License-Identifier: ISC
 *
 * dump_upstreams.c - the section of a dump that lists the upstream servers.
 *
 * It is in the place of the address database in BIND's dump, and consists of comments: a program
 * that reads the records of a dump can ignore it. A table with one line per server and protocol;
 * columns are at least two spaces apart.
 */
#include "dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/upstream.h>
#include <split53/view.h>

#define CELL S53_ADDR_TEXT
#define ZONES_MAX 4 /* names of zones on one line */

/* The columns in order: title, minimum width. */
#define COLUMNS(X)                     \
	X(SERVER, "server", 22)        \
	X(OVER, "over", 4)             \
	X(SET, "set", 4)               \
	X(STATE, "state", 10)          \
	X(FOR, "for", 6)               \
	X(WHY, "why", 15)              \
	X(RTT, "rtt", 6)               \
	X(VARIATION, "var", 6)         \
	X(LOSS, "loss", 6)             \
	X(FAILED, "failed", 6)         \
	X(TIMEOUTS, "timeouts", 8)     \
	X(ANSWERED, "last answer", 11) \
	X(FAILURE, "last failure", 12) \
	X(PROBE, "next probe", 10)     \
	X(FLIGHT, "in flight", 9)      \
	X(QUIRKS, "lacks", 12)

enum column {
#define COLUMN_ENUM(id, title, width) COLUMN_##id,
	COLUMNS(COLUMN_ENUM)
#undef COLUMN_ENUM
	    COLUMN_COUNT
};

static const struct {
	const char *title;
	int width;
} columns[COLUMN_COUNT] = {
#define COLUMN_ROW(id, title, width) { title, width },
	COLUMNS(COLUMN_ROW)
#undef COLUMN_ROW
};

struct row {
	char cell[COLUMN_COUNT][CELL];
};

struct table {
	FILE *out;
	const struct s53_policy *policy;
	uint64_t now_ms;
	/* For print_zone(): the server, and what was printed for it so far. */
	struct s53_upstream *upstream;
	const struct s53_view *view;
	unsigned zones;
};

static void
print_ms(char cell[static CELL], uint64_t ms)
{
	if (ms < 1000)
		snprintf(cell, CELL, "%" PRIu64 "ms", ms);
	else if (ms < 100000)
		snprintf(cell, CELL, "%" PRIu64 ".%" PRIu64 "s", ms / 1000, ms / 100 % 10);
	else
		snprintf(cell, CELL, "%" PRIu64 "s", ms / 1000);
}

/* Print how long ago it was; the cell stays "-" for never. */
static void
print_ago(char cell[static CELL], uint64_t at_ms, uint64_t now_ms)
{
	if (at_ms != 0)
		print_ms(cell, s53_clock_since_ms(at_ms, now_ms));
}

static void
print_permille(char cell[static CELL], uint32_t permille)
{
	snprintf(cell, CELL, "%" PRIu32 ".%" PRIu32 "%%", permille / 10, permille % 10);
}

static void
print_row(FILE *out, const struct row *row)
{
	fputs("; ", out);
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		fprintf(out, "%-*s  ", columns[i].width, row->cell[i]);
}

static void
print_titles(FILE *out)
{
	struct row row;

	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		snprintf(row.cell[i], CELL, "%s", columns[i].title);
	print_row(out, &row);
	fputs("zones\n", out);
}

static void
fill_health(struct row *row, const struct s53_health_report *path, uint64_t now_ms)
{
	snprintf(row->cell[COLUMN_STATE], CELL, "%s", s53_health_state_name(path->state));
	print_ago(row->cell[COLUMN_FOR], path->since_ms, now_ms);
	if (path->reason != S53_REASON_NONE)
		snprintf(row->cell[COLUMN_WHY], CELL, "%s", s53_health_reason_name(path->reason));
	if (path->has_rtt) {
		print_ms(row->cell[COLUMN_RTT], path->rtt_ms);
		print_ms(row->cell[COLUMN_VARIATION], path->variation_ms);
	}
	if (path->asked) {
		print_permille(row->cell[COLUMN_LOSS], path->loss_permille);
		print_permille(row->cell[COLUMN_FAILED], path->failed_permille);
		snprintf(row->cell[COLUMN_TIMEOUTS], CELL, "%u", path->timeouts_in_row);
	}
	print_ago(row->cell[COLUMN_ANSWERED], path->answered_at_ms, now_ms);
	print_ago(row->cell[COLUMN_FAILURE], path->failed_at_ms, now_ms);
	if (path->next_probe_ms != 0)
		print_ms(row->cell[COLUMN_PROBE],
		    path->next_probe_ms > now_ms ? path->next_probe_ms - now_ms : 0);
}

/* Add "WHAT 42s" to a list of quirks, unless it has expired. */
static void
add_quirk(char cell[static CELL], const char *what, uint32_t left_s)
{
	size_t len = strlen(cell);

	if (left_s > 0)
		snprintf(
		    cell + len, CELL - len, "%s%s %" PRIu32 "s", len > 0 ? ", " : "", what, left_s);
}

/* Columns of the server rather than of a protocol: printed on the first of its lines. */
static void
fill_common(struct row *row, const struct s53_upstream_report *report)
{
	char *quirks = row->cell[COLUMN_QUIRKS];

	if (report->admin != S53_ADMIN_AUTO)
		snprintf(row->cell[COLUMN_SET], CELL, "%s", s53_admin_name(report->admin));
	snprintf(row->cell[COLUMN_FLIGHT], CELL, "%" PRIu32, report->in_flight);
	add_quirk(quirks, "EDNS", report->no_edns_s);
	add_quirk(quirks, "AD", report->no_ad_s);
	add_quirk(quirks, "case", report->no_case_s);
	add_quirk(quirks, "0x20", report->case_matters_s);
	add_quirk(quirks, "pipelining", report->one_per_connection_s);
}

static bool
forwards_to(const struct s53_route *route, const struct s53_upstream *upstream)
{
	if (route->kind != S53_ROUTE_FORWARD)
		return false;
	for (unsigned i = 0; i < s53_group_size(route->group); i++)
		if (s53_group_server(route->group, i) == upstream)
			return true;
	return false;
}

/* Prints "consul", or "consul (inside)" if there are views. */
static void
print_zone(const struct s53_route *route, void *arg)
{
	struct table *table = arg;
	char name[S53_NAME_TEXT];

	if (!forwards_to(route, table->upstream) || ++table->zones > ZONES_MAX)
		return;
	fprintf(
	    table->out, "%s%s", table->zones > 1 ? ", " : "", s53_name_print(&route->apex, name));
	if (table->policy->view_count > 1)
		fprintf(table->out, " (%s)", table->view->name);
}

static void
print_zones(struct table *table)
{
	const struct s53_policy *policy = table->policy;

	table->zones = 0;
	for (unsigned i = 0; i < policy->view_count; i++) {
		table->view = &policy->views[i];
		s53_routes_each(table->view->routes, print_zone, table);
	}
	if (table->zones > ZONES_MAX)
		fprintf(table->out, " and %u more", table->zones - ZONES_MAX);
	else if (table->zones == 0)
		fputs("-", table->out);
}

static bool
print_upstream(struct s53_upstream *upstream, void *arg)
{
	static const char *const protocols[S53_PROTOCOLS] = { "UDP", "TCP" };
	struct table *table = arg;
	struct s53_upstream_report report;

	s53_upstream_report(upstream, &report, table->now_ms);
	table->upstream = upstream;
	for (unsigned i = 0; i < S53_PROTOCOLS; i++) {
		struct row row;

		for (unsigned cell = 0; cell < COLUMN_COUNT; cell++)
			memcpy(row.cell[cell], "-", sizeof("-"));
		s53_addr_print(&report.addr, row.cell[COLUMN_SERVER]);
		snprintf(row.cell[COLUMN_OVER], CELL, "%s", protocols[i]);
		fill_health(&row, &report.path[i], table->now_ms);
		if (i == 0)
			fill_common(&row, &report);
		print_row(table->out, &row);
		if (i == 0)
			print_zones(table);
		else
			fputs("-", table->out);
		fputc('\n', table->out);
	}
	return true;
}

void
s53_dump_upstreams(
    FILE *out, struct s53_registry *registry, const struct s53_policy *policy, uint64_t now_ms)
{
	struct table table = { .out = out, .policy = policy, .now_ms = now_ms };

	fputs(";\n; Upstreams\n;\n", out);
	print_titles(out);
	s53_registry_each(registry, print_upstream, &table);
	fputs(";\n", out);
}
