/* SPDX-License-Identifier: ISC
 *
 * grammar_cache.c - answers kept between questions.
 */
#include "grammar.h"

#define NO_CACHE DIFFERENT("no answer is kept in this version: every question is forwarded")

static const struct conf_rule rules[] = {
	{ "attach-cache", OV, .form = FORM_NAME, NO_CACHE },
	{ "lame-ttl", OV, .form = FORM_DURATION,
	    HARMLESS(
		"it rules how the tree of servers is walked, and BIND has ignored it since 9.16") },
	{ "max-cache-size", OV, .flags = UNLIMITED | DEFAULT | PERCENT, .form = FORM_SIZE,
	    NO_CACHE },
	{ "max-cache-ttl", OV, .form = FORM_DURATION, NO_CACHE },
	{ "max-ncache-ttl", OV, .form = FORM_DURATION, NO_CACHE },
	{ "max-stale-ttl", OV, .form = FORM_DURATION, NO_CACHE },
	{ "min-cache-ttl", OV, .form = FORM_DURATION, NO_CACHE },
	{ "min-ncache-ttl", OV, .form = FORM_DURATION, NO_CACHE },
	{ "prefetch", OV, .flags = OPTIONAL_SECOND, .form = FORM_NUMBER, .second = FORM_NUMBER,
	    NO_CACHE },
	{ "servfail-ttl", OV, .form = FORM_DURATION, NO_CACHE },
	{ "stale-answer-client-timeout", OV, .form = FORM_NUMBER, .words = "disabled off",
	    NO_CACHE },
	{ "stale-answer-enable", OV, .form = FORM_BOOL, NO_CACHE },
	{ "stale-answer-ttl", OV, .form = FORM_DURATION, NO_CACHE },
	{ "stale-cache-enable", OV, .form = FORM_BOOL, NO_CACHE },
	{ "stale-refresh-time", OV, .form = FORM_DURATION, NO_CACHE },
	{ "synth-from-dnssec", OV, .form = FORM_BOOL,
	    HARMLESS("answers are never made up from other answers") },
	{ "max-records", OVZ, ZONE_DATA, .form = FORM_NUMBER,
	    HARMLESS("the size of a zone is not limited") },
	{ "max-records-per-type", OVZ, ZONE_DATA, .form = FORM_NUMBER,
	    HARMLESS("the size of a zone is not limited") },
	{ "max-types-per-name", OVZ, ZONE_DATA, .form = FORM_NUMBER,
	    HARMLESS("the size of a zone is not limited") },
};

const struct conf_table conf_table_cache = { "Cache", rules, sizeof(rules) / sizeof(rules[0]) };
