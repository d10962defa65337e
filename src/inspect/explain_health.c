/* SPDX-License-Identifier: ISC
 *
 * explain_health.c - policy, quotas and health checks of the servers of a route: differences from
 * the default, and the query of a probe.
 */
#include <inttypes.h>
#include <string.h>

#include <split53/mnemonic.h>

#include "explain.h"

static const struct s53_snapshot_check *
find_check(const struct s53_snapshot *snapshot, const struct s53_upstream *upstream)
{
	const struct s53_snapshot_check *check = snapshot->checks;

	while (check != NULL && check->upstream != upstream)
		check = check->next;
	return check;
}

/* Would both print the same? */
static bool
is_same(const struct s53_snapshot_check *check, const struct s53_snapshot_check *another)
{
	const struct s53_health_check *one = &check->check, *other = &another->check;

	return check->down_after_written == another->down_after_written &&
	    (!check->down_after_written || one->down_after_ms == other->down_after_ms) &&
	    one->mode == other->mode && s53_name_equal(&one->name, &other->name) &&
	    one->type == other->type && one->accept == other->accept &&
	    one->interval_s == other->interval_s && one->interval_max_s == other->interval_max_s &&
	    one->timeout_ms == other->timeout_ms && one->rise == other->rise &&
	    one->fall == other->fall;
}

static void
print_accept(uint32_t accept, FILE *out)
{
	char text[S53_MNEMONIC_TEXT];

	fputs(" accept {", out);
	for (unsigned rcode = 0; rcode <= S53_CONF_RCODE_MAX; rcode++)
		if ((accept & UINT32_C(1) << rcode) != 0)
			fprintf(out, " %s;", s53_rcode_print(rcode, text));
	fputs(" };", out);
}

static void
print_numbers(const struct s53_snapshot_check *written, FILE *out)
{
	const struct s53_health_check *check = &written->check;

	if (check->interval_s != S53_PROBE_INTERVAL_S ||
	    check->interval_max_s != S53_PROBE_INTERVAL_MAX_S)
		fprintf(out, " interval %" PRIu32 " %" PRIu32 ";", check->interval_s,
		    check->interval_max_s);
	if (check->timeout_ms != S53_PROBE_TIMEOUT_MS)
		fprintf(out, " timeout %" PRIu32 ";", check->timeout_ms);
	if (check->rise != S53_PROBE_RISE)
		fprintf(out, " rise %u;", check->rise);
	if (check->fall != S53_PROBE_FALL)
		fprintf(out, " fall %u;", check->fall);
	if (written->down_after_written)
		fprintf(out, " down-after %" PRIu32 ";", check->down_after_ms);
}

/* "{ name "consul"; type SOA; rise 3; } (default)", and the end of the line. */
static void
print_check(const struct s53_snapshot_check *written, FILE *out)
{
	const struct s53_health_check *check = &written->check;
	static const char *const modes[] = { [S53_PROBE_MODE_LAZY] = "lazy",
		[S53_PROBE_MODE_ALWAYS] = "always",
		[S53_PROBE_MODE_NEVER] = "never" };
	char name[S53_NAME_TEXT], type[S53_MNEMONIC_TEXT];

	fprintf(out, "{ name \"%s\"; type %s;", s53_name_print(&check->name, name),
	    s53_type_print(check->type, type));
	if (check->accept != S53_PROBE_ACCEPT)
		print_accept(check->accept, out);
	print_numbers(written, out);
	if (check->mode != S53_PROBE_MODE_LAZY)
		fprintf(out, " mode %s;", modes[check->mode]);
	fprintf(out, " }%s\n", written->written ? "" : " (default)");
}

void
s53_explain_checks(const struct s53_snapshot *snapshot, const struct s53_group *group, FILE *out)
{
	const struct s53_snapshot_check *first = NULL, *check;
	bool alike = true;
	char text[S53_ADDR_TEXT];

	for (unsigned i = 0; i < s53_group_size(group); i++) {
		check = find_check(snapshot, s53_group_server(group, i));
		if (check == NULL)
			return;
		first = i == 0 ? check : first;
		alike = alike && is_same(first, check);
	}
	for (unsigned i = 0; i < s53_group_size(group); i++) {
		struct s53_upstream *upstream = s53_group_server(group, i);

		check = find_check(snapshot, upstream);
		fputs("        health-check ", out);
		if (!alike)
			fprintf(out, "of %s ", s53_addr_print(s53_upstream_addr(upstream), text));
		print_check(check, out);
		if (alike)
			return;
	}
}

void
s53_explain_zone_policy(const struct s53_conf_statement *zone_body, FILE *out)
{
	const struct s53_conf_statement *statement = s53_conf_find(zone_body, "forwarders-policy");

	if (statement == NULL)
		return;
	fprintf(out, "        forwarders-policy %s", statement->value.text);
	s53_explain_place(statement, out);
}

static void
print_quota(const struct s53_conf_statement *statement, const char *otherwise, FILE *out)
{
	fprintf(out, "    %s %" PRIu64, statement->name, statement->value.number);
	if (statement->value.number > 0)
		fprintf(out, " %s",
		    statement->second.type == S53_CONF_TEXT ? statement->second.text : otherwise);
	s53_explain_place(statement, out);
}

void
s53_explain_upstreams(const struct s53_source *source, const struct s53_conf_statement *view_body,
    const struct s53_view *view, FILE *out)
{
	const struct s53_conf_statement *policy =
	    s53_setup_option(source, view_body, "forwarders-policy");
	const struct s53_conf_statement *server =
	    s53_setup_option(source, view_body, "fetches-per-server");
	const struct s53_conf_statement *zone =
	    s53_setup_option(source, view_body, "fetches-per-zone");
	const struct s53_conf_statement *clients =
	    s53_setup_option(source, view_body, "clients-per-query");

	if (policy != NULL) {
		fprintf(out, "    forwarders-policy %s", policy->value.text);
		s53_explain_place(policy, out);
	}
	if (server != NULL)
		print_quota(server, "fail", out);
	if (zone != NULL)
		print_quota(zone, "drop", out);
	if (clients == NULL)
		return;
	fprintf(out, "    clients-per-query %u", view->clients_per_query);
	if (view->clients_per_query == 0 || view->max_clients_per_query == 0)
		fputs(", no limit", out);
	else
		fprintf(out, ", at most %u", view->max_clients_per_query);
	s53_explain_place(clients, out);
}

static void
print_limit(const char *name, const struct s53_quota *quota, FILE *out)
{
	if (quota->limit > 0)
		fprintf(out, ", %s %u %s", name, quota->limit, quota->drop ? "drop" : "fail");
}

void
s53_explain_choice(const struct s53_group *group, FILE *out)
{
	const struct s53_group_rules *rules = s53_group_rules(group);

	if (rules->policy == S53_FORWARDERS_FASTEST && rules->per_server.limit == 0 &&
	    rules->per_zone.limit == 0)
		return;
	fprintf(out, "choose   %s", s53_setup_policy_name(rules->policy));
	print_limit("fetches-per-server", &rules->per_server, out);
	print_limit("fetches-per-zone", &rules->per_zone, out);
	fputc('\n', out);
}

void
s53_explain_server_check(
    const struct s53_snapshot *snapshot, const struct s53_upstream *upstream, FILE *out)
{
	const struct s53_snapshot_check *found = find_check(snapshot, upstream);
	const struct s53_health_check *check = found != NULL ? &found->check : NULL;
	char name[S53_NAME_TEXT], type[S53_MNEMONIC_TEXT];

	if (s53_upstream_admin(upstream) != S53_ADMIN_AUTO)
		fprintf(
		    out, ", set %s by the operator", s53_admin_name(s53_upstream_admin(upstream)));
	if (check == NULL)
		return;
	if (check->mode == S53_PROBE_MODE_NEVER)
		fputs(", never probed", out);
	else
		fprintf(out, ", probed by %s %s", s53_type_print(check->type, type),
		    s53_name_print(&check->name, name));
}
