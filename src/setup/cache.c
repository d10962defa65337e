/* SPDX-License-Identifier: ISC
 *
 * cache.c - cache rules and reply options of a view, or of a zone with statements of its own; the
 * size of the cache, and its files.
 *
 * The size. There is one cache. Its limit derives from the memory that this process may use: the
 * machine's, or the limit of its control group if that is less. The default is 64 MiB, or half of
 * the memory if that is less. `unlimited` and larger values are reduced to three quarters of the
 * memory: the rest is for the program, which the kernel would otherwise kill. BIND's default
 * of 90 % assumes a machine that runs nothing but named.
 *
 * Sources  BIND 9.18 ARM, and the behaviour of named-checkconf and named 9.18 for values out of
 *          range; RFC 2181 s8 (a TTL has 31 bits)
 */
#include <string.h>

#include <split53/cache.h>

#include <split53/memory.h>
#include "builder.h"

#define MIB ((uint64_t)1 << 20)
#define DEFAULT_OCTETS (64 * MIB)
#define LEAST_OCTETS (2 * MIB) /* the same as BIND's */

#define DEFAULT_DUMP "named_dump.db"
#define DEFAULT_RECURSING "named.recursing"
#define DEFAULT_STATISTICS "named.stats"

/* The bodies in which a statement is looked up; zone NULL: for the view. */
struct scope {
	struct setup_builder *builder;
	const struct s53_conf_statement *zone, *view; /* their bodies */
};

static const struct s53_conf_statement *
find(const struct scope *scope, const char *name)
{
	return setup_option_of_zone(scope->builder->input->source, scope->zone, scope->view, name);
}

static uint32_t
seconds(const struct scope *scope, const char *name, uint32_t otherwise)
{
	const struct s53_conf_statement *statement = find(scope, name);

	if (statement == NULL || statement->value.type != S53_CONF_NUMBER)
		return otherwise;
	return statement->value.number > INT32_MAX ? INT32_MAX : (uint32_t)statement->value.number;
}

static bool
is_yes(const struct scope *scope, const char *name, bool otherwise)
{
	const struct s53_conf_statement *statement = find(scope, name);

	return statement != NULL && statement->value.type == S53_CONF_BOOL
	    ? statement->value.boolean
	    : otherwise;
}

static void
read_ttls(const struct scope *scope, struct s53_cache_rules *rules)
{
	rules->max_ttl_s = seconds(scope, "max-cache-ttl", 604800);
	rules->min_ttl_s = seconds(scope, "min-cache-ttl", 0);
	rules->max_ncache_ttl_s = seconds(scope, "max-ncache-ttl", 10800);
	rules->min_ncache_ttl_s = seconds(scope, "min-ncache-ttl", 0);
	rules->servfail_ttl_s = seconds(scope, "servfail-ttl", 1);
	/* A zone's maximum may be below its view's minimum: then the maximum is used. */
	if (rules->min_ttl_s > rules->max_ttl_s)
		rules->min_ttl_s = rules->max_ttl_s;
	if (rules->min_ncache_ttl_s > rules->max_ncache_ttl_s)
		rules->min_ncache_ttl_s = rules->max_ncache_ttl_s;
}

/* The operator's word overrides stale-answer-enable; what is kept stays the configuration's. */
static bool
is_stale_used(const struct scope *scope, bool by_configuration)
{
	enum s53_switch serve_stale = scope->builder->input->serve_stale;

	return serve_stale == S53_SWITCH_DEFAULT ? by_configuration : serve_stale == S53_SWITCH_ON;
}

static void
read_stale(const struct scope *scope, struct s53_cache_rules *rules)
{
	const struct s53_conf_statement *timeout = find(scope, "stale-answer-client-timeout");

	/* stale-answer-enable implies stale-cache-enable, unless that is explicitly no. */
	rules->stale_answer = is_yes(scope, "stale-answer-enable", false);
	rules->stale_keep = is_yes(scope, "stale-cache-enable", rules->stale_answer);
	rules->stale_answer = is_stale_used(scope, rules->stale_answer) && rules->stale_keep;
	rules->stale_zero_ttl = is_yes(scope, "stale-zero-ttl", false) && rules->stale_keep;
	rules->max_stale_s = seconds(scope, "max-stale-ttl", 86400);
	rules->stale_answer_ttl_s = seconds(scope, "stale-answer-ttl", 30);
	rules->stale_refresh_s = seconds(scope, "stale-refresh-time", 30);
	rules->stale_client_timeout_ms = S53_STALE_TIMEOUT_OFF;
	if (timeout != NULL && timeout->value.type == S53_CONF_NUMBER &&
	    timeout->value.number < S53_STALE_TIMEOUT_OFF)
		rules->stale_client_timeout_ms = (uint32_t)timeout->value.number;
}

static void
read_prefetch(const struct scope *scope, struct s53_cache_rules *rules)
{
	const struct s53_conf_statement *statement = find(scope, "prefetch");

	rules->prefetch_trigger_s = seconds(scope, "prefetch", 2);
	rules->prefetch_eligible_s = 9;
	if (statement != NULL && statement->second.type == S53_CONF_NUMBER)
		rules->prefetch_eligible_s = statement->second.number > INT32_MAX
		    ? INT32_MAX
		    : (uint32_t)statement->second.number;
	/* As in BIND: a response is not refreshed within 6 s after it was stored. */
	if (rules->prefetch_eligible_s < rules->prefetch_trigger_s + 6)
		rules->prefetch_eligible_s = rules->prefetch_trigger_s + 6;
}

static enum s53_minimal
read_minimal(const struct scope *scope)
{
	const struct s53_conf_statement *statement = find(scope, "minimal-responses");

	if (statement == NULL)
		return S53_MINIMAL_NO_AUTH_RECURSIVE;
	if (statement->value.type == S53_CONF_BOOL)
		return statement->value.boolean ? S53_MINIMAL_YES : S53_MINIMAL_NO;
	return statement->value.type == S53_CONF_TEXT &&
		strcmp(statement->value.text, "no-auth") == 0
	    ? S53_MINIMAL_NO_AUTH
	    : S53_MINIMAL_NO_AUTH_RECURSIVE;
}

static uint64_t
memory_of(const struct setup_builder *builder)
{
	return builder->input->memory_octets != 0 ? builder->input->memory_octets
						  : s53_memory_octets();
}

static uint64_t
whole_mib(uint64_t octets)
{
	return octets / MIB * MIB;
}

static uint64_t
default_octets(uint64_t memory)
{
	return memory / 2 < DEFAULT_OCTETS && memory > 0 ? whole_mib(memory / 2) : DEFAULT_OCTETS;
}

/* The maximum size of a cache; UINT64_MAX if the memory is not known. */
static uint64_t
most_octets(uint64_t memory)
{
	return memory > 0 ? whole_mib(memory / 4 * 3) : UINT64_MAX;
}

/* The size that a statement specifies, before the limits. */
static uint64_t
asked_octets(const struct s53_conf_statement *statement, uint64_t memory)
{
	const struct s53_conf_value *value = statement != NULL ? &statement->value : NULL;

	if (value == NULL || value->type != S53_CONF_NUMBER || value->is_default)
		return default_octets(memory);
	if (value->unlimited)
		return memory > 0 ? most_octets(memory) : DEFAULT_OCTETS;
	if (!value->percent)
		return value->number;
	if (memory == 0)
		return DEFAULT_OCTETS;
	return value->number >= 100 ? memory : whole_mib(memory / 100 * value->number);
}

static uint64_t
limited_octets(struct setup_builder *builder, const struct s53_conf_statement *statement)
{
	uint64_t memory = memory_of(builder), most = most_octets(memory);
	uint64_t octets = asked_octets(statement, memory);

	if (octets > most) {
		builder_warn(builder, statement->place,
		    "'max-cache-size' is more than three quarters of the memory that this process "
		    "may use (%llu MiB): it is reduced to %llu MiB",
		    (unsigned long long)(memory / MIB), (unsigned long long)(most / MIB));
		octets = most;
	}
	return octets < LEAST_OCTETS ? LEAST_OCTETS : octets;
}

/* Is the cache enabled here? A size from this scope is recorded in builder->cache_octets. */
static bool
read_enabled(const struct scope *scope)
{
	struct setup_builder *builder = scope->builder;
	const struct s53_conf_statement *statement = find(scope, "max-cache-size");
	const struct s53_conf_statement *global =
	    s53_setup_option(builder->input->source, NULL, "max-cache-size");

	if (s53_setup_is_none(statement))
		return false;
	builder->cache_wanted = true;
	if (s53_setup_is_none(global) && statement != NULL) {
		uint64_t octets = limited_octets(builder, statement);

		if (octets > builder->cache_octets)
			builder->cache_octets = octets;
	}
	return true;
}

static void
read_answering(const struct scope *scope, struct s53_answering *out)
{
	struct s53_cache_rules *rules = builder_alloc(scope->builder, sizeof(*rules));

	if (rules == NULL)
		return;
	rules->enabled = read_enabled(scope);
	read_ttls(scope, rules);
	read_stale(scope, rules);
	read_prefetch(scope, rules);
	out->cache = rules;
	out->minimal = read_minimal(scope);
	out->order = setup_order(scope->builder, find(scope, "rrset-order"));
}

void
setup_cache_answering(struct setup_builder *builder, const struct s53_conf_statement *view_body,
    struct s53_answering *out)
{
	const struct scope scope = { .builder = builder, .view = view_body };

	read_answering(&scope, out);
}

const struct s53_answering *
setup_cache_zone_answering(struct setup_builder *builder,
    const struct s53_conf_statement *zone_body, const struct s53_conf_statement *view_body)
{
	const struct scope scope = { .builder = builder, .zone = zone_body, .view = view_body };
	struct s53_answering *answering;
	unsigned i = 0;

	while (i < s53_setup_answering_count &&
	    s53_conf_find(zone_body, s53_setup_answering_names[i]) == NULL)
		i++;
	if (i == s53_setup_answering_count)
		return NULL;
	answering = builder_alloc(builder, sizeof(*answering));
	if (answering != NULL)
		read_answering(&scope, answering);
	return answering;
}

const char *const s53_setup_answering_names[] = { "max-cache-size", "max-cache-ttl",
	"min-cache-ttl", "max-ncache-ttl", "min-ncache-ttl", "servfail-ttl", "stale-cache-enable",
	"stale-answer-enable", "stale-zero-ttl", "max-stale-ttl", "stale-answer-ttl",
	"stale-refresh-time", "stale-answer-client-timeout", "prefetch", "rrset-order",
	"minimal-responses" };
const unsigned s53_setup_answering_count =
    sizeof(s53_setup_answering_names) / sizeof(s53_setup_answering_names[0]);

void
setup_cache_size(struct setup_builder *builder)
{
	const struct s53_conf_statement *statement =
	    s53_setup_option(builder->input->source, NULL, "max-cache-size");

	if (!builder->cache_wanted)
		builder->snapshot->max_cache_octets = 0;
	else if (s53_setup_is_none(statement))
		builder->snapshot->max_cache_octets = builder->cache_octets;
	else
		builder->snapshot->max_cache_octets = limited_octets(builder, statement);
}

static const char *
text_of(const struct s53_conf_statement *statement, const char *otherwise)
{
	if (statement == NULL || statement->value.type != S53_CONF_TEXT ||
	    statement->value.text[0] == '\0')
		return otherwise;
	return statement->value.text;
}

/*
 * By default the file for a warm restart is beside dump-file. Without `dump-file` and `directory`
 * there is none, as the working directory is not known.
 */
void
setup_cache_files(struct setup_builder *builder)
{
	const struct s53_source *source = builder->input->source;
	const struct s53_conf_statement *dump = s53_setup_option(source, NULL, "dump-file");
	const struct s53_conf_statement *file = s53_setup_option(source, NULL, "cache-file");

	builder->snapshot->statistics_file = builder_path(builder,
	    text_of(s53_setup_option(source, NULL, "statistics-file"), DEFAULT_STATISTICS));
	builder->snapshot->dump_file_written = dump != NULL;
	builder->snapshot->dump_file = builder_path(builder, text_of(dump, DEFAULT_DUMP));
	builder->snapshot->recursing_file = builder_path(
	    builder, text_of(s53_setup_option(source, NULL, "recursing-file"), DEFAULT_RECURSING));
	if (file != NULL && file->value.type == S53_CONF_TEXT) {
		if (file->value.quoted || strcmp(file->value.text, "none") != 0)
			builder->snapshot->cache_file = builder_path(builder, file->value.text);
	} else if (builder->snapshot->dump_file != NULL &&
	    (dump != NULL || s53_setup_option(source, NULL, "directory") != NULL)) {
		builder->snapshot->cache_file =
		    builder_text(builder, "%s.cache", builder->snapshot->dump_file);
	}
}
