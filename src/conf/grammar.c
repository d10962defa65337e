/* SPDX-License-Identifier: ISC
 *
 * grammar.c - find a statement's rule, or the one with the most similar name.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <split53/status.h>

#include "grammar.h"

const struct conf_table *const conf_tables[] = {
	&conf_table_blocks,
	&conf_table_forward,
	&conf_table_health,
	&conf_table_access,
	&conf_table_serve,
	&conf_table_zone,
	&conf_table_answer,
	&conf_table_logging,
	&conf_table_server,
	&conf_table_files,
	&conf_table_cache,
	&conf_table_dnssec,
	&conf_table_transfer,
	&conf_table_channels,
	&conf_table_old,
	NULL,
};

#define NOT_VALIDATED                                                                             \
	"split53 does not validate: forged answers that BIND rejects reach the clients; forward " \
	"to a resolver that validates"
#define NOT_COPIED "the zone is not transferred: queries for its names are sent to its primaries"
#define NOT_TEXT                                                                                 \
	"only text zone files can be read, and a primary zone in another format does not load: " \
	"convert it with named-compilezone"

const struct conf_word_rule conf_word_rules[] = {
	{ "forward", "first", S53_CONF_IGNORED_DIFFERENT,
	    "if these forwarders fail, BIND resolves the name from the root; split53 does not, as "
	    "with 'forward only'" },
	{ "dnssec-validation", "yes", S53_CONF_IGNORED_SECURITY, NOT_VALIDATED },
	{ "dnssec-validation", "auto", S53_CONF_IGNORED_SECURITY, NOT_VALIDATED },
	{ "type", "slave", S53_CONF_IGNORED_DIFFERENT, NOT_COPIED },
	{ "type", "secondary", S53_CONF_IGNORED_DIFFERENT, NOT_COPIED },
	{ "type", "mirror", S53_CONF_IGNORED_DIFFERENT,
	    "the zone is not transferred and has no effect; its names are forwarded like any "
	    "others" },
	{ "type", "stub", S53_CONF_IGNORED_DIFFERENT,
	    "queries are sent to the primaries, even where BIND would send them to forwarders of "
	    "the view or options; delegations below the zone are not followed" },
	{ "type", "static-stub", S53_CONF_IGNORED_DIFFERENT,
	    "queries are sent to the servers of the zone, even where BIND would send them to "
	    "forwarders of the view or options; delegations below the zone are not followed" },
	{ "type", "delegation-only", S53_CONF_IGNORED_DIFFERENT,
	    "answers are passed on where BIND would turn everything but delegations into "
	    "NXDOMAIN" },
	{ "type", "redirect", S53_CONF_REFUSED,
	    "NXDOMAIN redirection is not supported, and clients would get NXDOMAIN: remove the "
	    "zone, or forward to a resolver that supports it (BIND)" },
	{ "masterfile-format", "raw", S53_CONF_IGNORED_DIFFERENT, NOT_TEXT },
	{ "masterfile-format", "map", S53_CONF_IGNORED_DIFFERENT, NOT_TEXT },
	{ "suffix", "timestamp", S53_CONF_IGNORED_DIFFERENT,
	    "old log files get numbers instead: .0 is the newest" },
	{ "bogus", "yes", S53_CONF_IGNORED_DIFFERENT,
	    "queries are sent to this server nevertheless if 'forwarders' lists it; remove it "
	    "there" },
	{ .name = NULL },
};

/* All rules by name, and in the order of the tables where a name has several. Built once. */
static const struct conf_rule *by_name[CONF_RULES_MAX];
static size_t rule_count;

/*
 * The first rule of each name, by hash: 1 + its index in by_name, 0: none. A configuration of ten
 * thousand zones looks up a hundred thousand names.
 */
#define NAME_SLOTS (2 * CONF_RULES_MAX) /* a power of two */
static uint16_t slots[NAME_SLOTS];

static int
rule_compare(const void *a, const void *b)
{
	const struct conf_rule *const *left = a, *const *right = b;
	int order = strcasecmp((*left)->name, (*right)->name);

	if (order != 0)
		return order;
	return *left < *right ? -1 : *left > *right;
}

static char
lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
}

/* The slot of a name, or the empty one for it. FNV-1a, ignoring letter case. */
static size_t
slot_of(const char *name)
{
	uint32_t hash = 2166136261u;
	size_t slot;

	for (const char *at = name; *at != '\0'; at++)
		hash = (hash ^ (uint8_t)lower(*at)) * 16777619u;
	slot = (hash ^ hash >> 16) % NAME_SLOTS;
	while (slots[slot] != 0 && strcasecmp(by_name[slots[slot] - 1]->name, name) != 0)
		slot = (slot + 1) % NAME_SLOTS;
	return slot;
}

static void
index_build(void)
{
	for (size_t t = 0; conf_tables[t] != NULL; t++) {
		for (size_t i = 0; i < conf_tables[t]->count; i++) {
			S53_ASSERT(rule_count < CONF_RULES_MAX);
			by_name[rule_count++] = &conf_tables[t]->rules[i];
		}
	}
	qsort(by_name, rule_count, sizeof(by_name[0]), rule_compare);
	for (size_t i = 0; i < rule_count; i++) {
		size_t slot = slot_of(by_name[i]->name);

		if (slots[slot] == 0)
			slots[slot] = (uint16_t)(i + 1);
	}
}

/* The index in by_name of the first rule of that name; rule_count: there is none. */
static size_t
first_of(const char *name)
{
	size_t slot;

	if (rule_count == 0)
		index_build();
	slot = slot_of(name);
	return slots[slot] != 0 ? slots[slot] - 1u : rule_count;
}

/* Does the rule at index `i` have the name of the one before it? */
static bool
is_alike(size_t i)
{
	return i < rule_count && strcasecmp(by_name[i]->name, by_name[i - 1]->name) == 0;
}

const struct conf_rule *
conf_rule_find(const char *name, enum conf_context place)
{
	size_t i = first_of(name);

	if (i == rule_count)
		return NULL;
	do {
		if ((by_name[i]->places & AT(place)) != 0)
			return by_name[i];
	} while (is_alike(++i));
	return NULL;
}

const struct conf_rule *
conf_rule_anywhere(const char *name)
{
	const struct conf_rule *found = NULL;
	size_t i = first_of(name);

	if (i == rule_count)
		return NULL;
	do {
		if (found == NULL || (found->flags & EXTENSION) > (by_name[i]->flags & EXTENSION))
			found = by_name[i];
	} while (is_alike(++i));
	return found;
}

size_t
conf_rule_number(const struct conf_rule *rule)
{
	size_t i = first_of(rule->name);

	while (by_name[i] != rule)
		i++;
	return i;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * The number of letters to insert, delete, replace or swap with their neighbour to turn `a` into
 * `b`; `limit` or more once that is certain.
 */
static unsigned
edit_distance(const char *a, size_t len_a, const char *b, size_t len_b, unsigned limit)
{
	enum { LONGEST = 40 };
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2], nearest_last = 0;

	if (len_a > LONGEST || len_b > LONGEST || len_a > len_b + limit || len_b > len_a + limit)
		return limit;
	for (size_t j = 0; j <= len_b; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= len_a; i++) {
		unsigned *spare = before, nearest = now[0] = (unsigned)i;

		for (size_t j = 1; j <= len_b; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			now[j] =
			    least(last[j - 1] + (same ? 0 : 1), least(last[j] + 1, now[j - 1] + 1));
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				now[j] = least(now[j], before[j - 2] + 1);
			nearest = least(nearest, now[j]);
		}
		if (nearest >= limit && nearest_last >= limit)
			return limit; /* all later rows are computed from these two */
		nearest_last = nearest;
		before = last;
		last = now;
		now = spare;
	}
	return last[len_b];
}

/* How many typing errors a word of that length may have. */
static unsigned
slips_allowed(size_t len)
{
	return len < 4 ? 1 : len < 12 ? 2 : 3;
}

const char *
conf_rule_suggest(const char *name, enum conf_context place)
{
	size_t len = strlen(name);
	unsigned best = slips_allowed(len) + 1;
	const char *nearest = NULL;

	if (rule_count == 0)
		index_build();
	for (size_t i = 0; i < rule_count; i++) {
		const struct conf_rule *rule = by_name[i];
		size_t rule_len = strlen(rule->name);
		unsigned distance;

		if ((rule->places & AT(place)) == 0)
			continue;
		distance = edit_distance(name, len, rule->name, rule_len, best);
		if (distance < best && distance < rule_len) {
			best = distance;
			nearest = rule->name;
		}
	}
	return nearest;
}

const struct conf_word_rule *
conf_word_rule_find(const char *name, const char *word)
{
	for (const struct conf_word_rule *it = conf_word_rules; it->name != NULL; it++)
		if (it->name[0] == name[0] && strcmp(it->name, name) == 0 &&
		    strcmp(it->word, word) == 0)
			return it;
	return NULL;
}

const char *
conf_context_text(enum conf_context place)
{
	static const char *const texts[CONTEXT_COUNT] = {
		[IN_TOP] = "the top level",
		[IN_OPTIONS] = "options",
		[IN_VIEW] = "view",
		[IN_ZONE] = "zone",
		[IN_SERVER] = "server",
		[IN_LOGGING] = "logging",
		[IN_CHANNEL] = "channel",
		[IN_KEY] = "key",
		[IN_TLS] = "tls",
		[IN_HTTP] = "http",
		[IN_CONTROLS] = "controls",
		[IN_STATISTICS] = "statistics-channels",
		[IN_POLICY] = "dnssec-policy",
		[IN_KEY_STORE] = "key-store",
		[IN_RATE_LIMIT] = "rate-limit",
		[IN_HEALTH_CHECK] = "health-check",
		[IN_FILE] = "file of a channel",
		[IN_LISTEN] = "listen-on",
		[IN_LIST] = "a list of servers",
		[IN_INET] = "inet",
		[IN_UNIX] = "unix",
		[IN_STATISTICS_INET] = "inet of statistics-channels",
	};

	return texts[place];
}

const char *
conf_form_text(enum conf_form form)
{
	static const char *const texts[FORM_COUNT] = {
		[FORM_NONE] = "no value",
		[FORM_BOOL] = "yes or no",
		[FORM_NUMBER] = "a number",
		[FORM_SIZE] = "a size (k, m, g)",
		[FORM_DURATION] = "a duration (seconds, 1h30m, PT90M)",
		[FORM_STRING] = "a quoted string",
		[FORM_NAME] = "a name",
		[FORM_DOMAIN] = "a domain name",
		[FORM_WORD] = "one of",
		[FORM_BOOL_OR_WORD] = "yes, no,",
		[FORM_STRING_OR_WORD] = "a quoted string, or",
		[FORM_SEVERITY] =
		    "critical, error, warning, notice, info, debug [level] or dynamic",
		[FORM_MATCH] = "{ address match list }",
		[FORM_PEERS] = "{ servers }",
		[FORM_ADDRESS] = "address or *",
		[FORM_SOURCE] = "[address] address or *, or none",
		[FORM_STRINGS] = "{ strings }",
		[FORM_TYPE] = "a record type",
		[FORM_RCODES] = "{ rcodes }",
		[FORM_ORDER] =
		    "{ [class name] [type name] [name text] order random, cyclic, fixed or none; }",
		[FORM_RAW] = "anything",
		[FORM_BODY] = "{ statements }",
	};

	return texts[form];
}

const char *
conf_words_find(const char *words, const char *word, size_t *len)
{
	size_t wanted = strlen(word);

	for (const char *at = words; *at != '\0';) {
		size_t here = strcspn(at, " ");

		if (here == wanted && strncasecmp(at, word, here) == 0) {
			*len = here;
			return at;
		}
		at += here + strspn(at + here, " ");
	}
	return NULL;
}

const char *
conf_words_suggest(const char *words, const char *word, size_t *len)
{
	size_t wanted = strlen(word);
	unsigned best = slips_allowed(wanted) + 1;
	const char *nearest = NULL;

	for (const char *at = words; *at != '\0';) {
		size_t here = strcspn(at, " ");
		unsigned distance = edit_distance(word, wanted, at, here, best);

		if (distance < best && distance < here) {
			best = distance;
			nearest = at;
			*len = here;
		}
		at += here + strspn(at + here, " ");
	}
	return nearest;
}
