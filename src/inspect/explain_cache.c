/* SPDX-License-Identifier: ISC
 *
 * explain_cache.c - size and files of the cache, cache rules and reply options: the statements and
 * their effective values.
 */
#include <inttypes.h>
#include <string.h>

#include <split53/cache.h>

#include "explain.h"

/* "64m", "1500k": the largest unit without a remainder. */
static void
print_size(uint64_t octets, FILE *out)
{
	static const char units[] = "\0kmg";
	unsigned unit = 0;

	while (unit < 3 && octets > 0 && octets % 1024 == 0) {
		octets /= 1024;
		unit++;
	}
	fprintf(out, "%" PRIu64 "%.1s", octets, &units[unit]);
}

void
s53_explain_cache(const struct s53_dry_run *dry_run, FILE *out)
{
	const struct s53_snapshot *snapshot = dry_run->snapshot;
	const struct s53_source *source = dry_run->source;
	const struct s53_conf_statement *size = s53_setup_option(source, NULL, "max-cache-size");
	const struct s53_conf_statement *dump = s53_setup_option(source, NULL, "dump-file");
	const struct s53_conf_statement *file = s53_setup_option(source, NULL, "cache-file");

	fputs("cache\n    max-cache-size ", out);
	if (snapshot->max_cache_octets == 0)
		fputs("0: nothing is cached", out);
	else
		print_size(snapshot->max_cache_octets, out);
	if (snapshot->max_cache_octets > 0 && size != NULL && s53_setup_is_none(size))
		fputs(" (set in a view or zone)\n", out);
	else
		s53_explain_place(size, out);
	fprintf(out, "    dump-file \"%s\"", snapshot->dump_file);
	s53_explain_place(dump, out);
	if (snapshot->cache_file != NULL)
		fprintf(out, "    cache-file \"%s\"", snapshot->cache_file);
	else
		fputs("    cache-file none", out);
	s53_explain_place(file, out);
}

static void
print_order(const struct s53_conf_order *rule, FILE *out)
{
	fputs("{", out);
	for (; rule != NULL; rule = rule->next) {
		if (rule->class_name != NULL)
			fprintf(out, " class %s", rule->class_name);
		if (rule->type_name != NULL)
			fprintf(out, " type %s", rule->type_name);
		if (rule->name != NULL)
			fprintf(out, " name \"%s\"", rule->name);
		fprintf(out, " order %s;", rule->order);
	}
	fputs(" }", out);
}

/* The effective value of a statement, which may differ from the written one. */
static uint32_t
number_of(const struct s53_cache_rules *rules, const char *name)
{
	const struct {
		const char *name;
		uint32_t value;
	} numbers[] = {
		{ "max-cache-ttl", rules->max_ttl_s },
		{ "min-cache-ttl", rules->min_ttl_s },
		{ "max-ncache-ttl", rules->max_ncache_ttl_s },
		{ "min-ncache-ttl", rules->min_ncache_ttl_s },
		{ "servfail-ttl", rules->servfail_ttl_s },
		{ "max-stale-ttl", rules->max_stale_s },
		{ "stale-answer-ttl", rules->stale_answer_ttl_s },
		{ "stale-refresh-time", rules->stale_refresh_s },
		{ "stale-answer-client-timeout", rules->stale_client_timeout_ms },
		{ "prefetch", rules->prefetch_trigger_s },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].name, name) == 0)
			return numbers[i].value;
	return 0;
}

static const char *
yes_or_no(bool value)
{
	return value ? "yes" : "no";
}

static void
print_value(
    const struct s53_conf_statement *statement, const struct s53_answering *answering, FILE *out)
{
	const struct s53_cache_rules *rules = answering->cache;
	const char *name = statement->name;

	if (strcmp(name, "rrset-order") == 0)
		print_order(
		    statement->value.type == S53_CONF_ORDER ? statement->value.orders : NULL, out);
	else if (strcmp(name, "max-cache-size") == 0)
		fputs(rules->enabled ? "other than 0: answers are in the shared cache"
				     : "0: nothing is cached",
		    out);
	else if (strcmp(name, "stale-cache-enable") == 0)
		fputs(yes_or_no(rules->stale_keep), out);
	else if (strcmp(name, "stale-answer-enable") == 0)
		fputs(yes_or_no(rules->stale_answer), out);
	else if (strcmp(name, "stale-zero-ttl") == 0)
		fputs(rules->stale_zero_ttl        ? "yes"
			: statement->value.boolean ? "no: it requires stale-answer-enable"
						   : "no",
		    out);
	else if (statement->value.type == S53_CONF_TEXT)
		fputs(statement->value.text, out);
	else if (statement->value.type == S53_CONF_BOOL)
		fputs(yes_or_no(statement->value.boolean), out);
	else
		fprintf(out, "%" PRIu32, number_of(rules, name));
	if (strcmp(name, "prefetch") == 0)
		fprintf(out, " %" PRIu32, rules->prefetch_eligible_s);
}

void
s53_explain_answering(const struct s53_explain_scope *scope, FILE *out)
{
	for (unsigned i = 0; i < s53_setup_answering_count; i++) {
		const char *name = s53_setup_answering_names[i];
		const struct s53_conf_statement *statement = s53_conf_find(scope->zone_body, name);

		if (statement == NULL && scope->zone_body == NULL)
			statement = s53_setup_option(scope->source, scope->view_body, name);
		if (statement == NULL)
			continue;
		/* The one in options is printed with the cache. */
		if (strcmp(name, "max-cache-size") == 0 && scope->zone_body == NULL &&
		    s53_conf_find(scope->view_body, name) == NULL)
			continue;
		fprintf(out, "%s%s ", scope->indent, name);
		print_value(statement, scope->answering, out);
		s53_explain_place(statement, out);
	}
}
