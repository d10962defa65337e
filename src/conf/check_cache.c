/* SPDX-License-Identifier: ISC
 *
 * check_cache.c - the cache's numbers: what BIND checks, and where one has another meaning here.
 */
#include <inttypes.h>
#include <string.h>

#include "check.h"

#define PREFETCH_TRIGGER_MAX 10
#define PREFETCH_MARGIN 6
#define MIN_TTL_MAX 90
#define STALE_REFRESH_MIN 30 /* RFC 8767 s5 */

static bool
is_zero(const struct s53_conf_statement *statement)
{
	return statement->value.type == S53_CONF_NUMBER && statement->value.number == 0 &&
	    !statement->value.is_default;
}

/* Does options turn the cache off? Then the size in a view or zone has an effect. */
static bool
options_have_none(const struct conf_checker *checker)
{
	const struct s53_conf_statement *options = s53_conf_find(checker->conf->top, "options");
	const struct s53_conf_statement *size =
	    options != NULL ? s53_conf_find(options->body, "max-cache-size") : NULL;

	return size != NULL && is_zero(size);
}

static void
check_size(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	const struct s53_conf_statement *size = s53_conf_find(block->body, "max-cache-size");
	bool is_zone = strcmp(block->name, "zone") == 0;

	if (size == NULL || size->value.type != S53_CONF_NUMBER)
		return;
	if (is_zero(size)) {
		if (!is_zone)
			conf_warn(checker->sources, S53_CONF_IGNORED_DIFFERENT, size->place,
			    "max-cache-size 0",
			    "nothing is cached; in BIND 0 means no limit, which is 'unlimited' "
			    "here");
	} else if (strcmp(block->name, "options") != 0 && !options_have_none(checker)) {
		conf_check_warn(checker, size, S53_CONF_IGNORED_DIFFERENT, "max-cache-size",
		    "one cache serves all views and zones, with the size set in options; elsewhere "
		    "only 0 has an effect: nothing is cached");
	}
}

static void
check_least(struct conf_checker *checker, const struct s53_conf_statement *block, const char *name)
{
	const struct s53_conf_statement *statement = s53_conf_find(block->body, name);

	if (statement != NULL && statement->value.type == S53_CONF_NUMBER &&
	    statement->value.number > MIN_TTL_MAX)
		conf_warn(checker->sources, S53_CONF_IGNORED_DIFFERENT, statement->place, name,
		    "answers are cached for at least %" PRIu64
		    " s, however short their TTL; BIND rejects more than %d",
		    statement->value.number, MIN_TTL_MAX);
}

static void
check_refresh(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	const struct s53_conf_statement *statement =
	    s53_conf_find(block->body, "stale-refresh-time");

	if (statement != NULL && statement->value.type == S53_CONF_NUMBER &&
	    statement->value.number > 0 && statement->value.number < STALE_REFRESH_MIN)
		conf_report(checker->sources, S53_DIAG_WARNING, statement->place,
		    "'stale-refresh-time' should be either 0 or at least %d seconds (RFC 8767 s5)",
		    STALE_REFRESH_MIN);
}

/* Numbers are adjusted as in BIND, but with a warning. */
static void
check_prefetch(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	const struct s53_conf_statement *found = s53_conf_find(block->body, "prefetch");
	struct s53_conf_statement *statement;
	uint64_t least;

	if (found == NULL || found->value.type != S53_CONF_NUMBER)
		return;
	statement = &conf_node_of(found)->statement;
	if (statement->value.number > PREFETCH_TRIGGER_MAX) {
		conf_report(checker->sources, S53_DIAG_WARNING, statement->value.place,
		    "'prefetch' must be from 0 to %d: %" PRIu64 " is reduced to %d",
		    PREFETCH_TRIGGER_MAX, statement->value.number, PREFETCH_TRIGGER_MAX);
		statement->value.number = PREFETCH_TRIGGER_MAX;
	}
	least = statement->value.number + PREFETCH_MARGIN;
	if (statement->second.type == S53_CONF_NUMBER && statement->second.number < least) {
		conf_report(checker->sources, S53_DIAG_WARNING, statement->second.place,
		    "the second number of 'prefetch' must be at least %d more than the first: "
		    "%" PRIu64 " is raised to %" PRIu64,
		    PREFETCH_MARGIN, statement->second.number, least);
		statement->second.number = least;
	}
}

static bool
is_yes(const struct s53_conf_statement *statement)
{
	return statement != NULL && statement->value.type == S53_CONF_BOOL &&
	    statement->value.boolean;
}

static void
check_stale(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	const struct s53_conf_statement *keep = s53_conf_find(block->body, "stale-cache-enable");
	const struct s53_conf_statement *answer = s53_conf_find(block->body, "stale-answer-enable");
	const struct s53_conf_statement *zero = s53_conf_find(block->body, "stale-zero-ttl");

	if (keep != NULL && answer != NULL && keep->value.type == S53_CONF_BOOL &&
	    answer->value.type == S53_CONF_BOOL && answer->value.boolean && !keep->value.boolean)
		conf_report(checker->sources, S53_DIAG_WARNING, answer->place,
		    "'stale-answer-enable yes' has no effect with 'stale-cache-enable no'");
	if (is_yes(zero) && !is_yes(keep) && !is_yes(answer) && (keep != NULL || answer != NULL))
		conf_report(checker->sources, S53_DIAG_WARNING, zero->place,
		    "'stale-zero-ttl yes' has no effect without 'stale-answer-enable yes' or "
		    "'stale-cache-enable yes'");
}

void
conf_check_cache(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	check_size(checker, block);
	check_least(checker, block, "min-cache-ttl");
	check_least(checker, block, "min-ncache-ttl");
	check_refresh(checker, block);
	check_prefetch(checker, block);
	check_stale(checker, block);
}
