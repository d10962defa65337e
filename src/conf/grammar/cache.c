/* SPDX-License-Identifier: ISC
 *
 * cache.c - the cache.
 *
 * Each of these is valid in a zone too, so that a route can have its own rules; in BIND they are
 * valid in options and views only.
 */
#include "grammar.h"

#define WEEK 604800

static const struct conf_rule rules[] = {
	{ "max-cache-size", OVZ, ROUTED, .flags = UNLIMITED | DEFAULT | PERCENT | EXTENSION_IN_ZONE,
	    .form = FORM_SIZE,
	    .fallback = "64m, or half of the memory if that is less (BIND: 90 %); 0: no cache" },
	{ "max-cache-ttl", OVZ, ROUTED, .flags = EXTENSION_IN_ZONE, .form = FORM_DURATION,
	    .fallback = "1w" },
	{ "min-cache-ttl", OVZ, ROUTED, .flags = EXTENSION_IN_ZONE, .form = FORM_DURATION,
	    .fallback = "0" },
	{ "max-ncache-ttl", OVZ, ROUTED, .flags = CLAMPED | EXTENSION_IN_ZONE,
	    .form = FORM_DURATION, .max = WEEK, .fallback = "3h" },
	{ "min-ncache-ttl", OVZ, ROUTED, .flags = EXTENSION_IN_ZONE, .form = FORM_DURATION,
	    .fallback = "0" },
	{ "servfail-ttl", OVZ, ROUTED, .flags = CLAMPED | EXTENSION_IN_ZONE, .form = FORM_DURATION,
	    .max = 30, .fallback = "1" },
	{ "stale-cache-enable", OVZ, ROUTED, .flags = EXTENSION_IN_ZONE, .form = FORM_BOOL,
	    .fallback = "the value of stale-answer-enable (BIND: no)" },
	{ "stale-answer-enable", OVZ, ROUTED, .flags = EXTENSION_IN_ZONE, .form = FORM_BOOL,
	    .fallback = "no" },
	{ "stale-zero-ttl", OVZ, ROUTED, .flags = EXTENSION, .form = FORM_BOOL,
	    .fallback = "no; yes in the zone of --consul and in the built-in one" },
	{ "max-stale-ttl", OVZ, ROUTED, .flags = CLAMPED | EXTENSION_IN_ZONE, .form = FORM_DURATION,
	    .min = 1, .fallback = "1d" },
	{ "stale-answer-ttl", OVZ, ROUTED, .flags = CLAMPED | EXTENSION_IN_ZONE,
	    .form = FORM_DURATION, .min = 1, .fallback = "30" },
	{ "stale-refresh-time", OVZ, ROUTED, .flags = EXTENSION_IN_ZONE, .form = FORM_DURATION,
	    .fallback = "30" },
	{ "stale-answer-client-timeout", OVZ, ROUTED, .flags = EXTENSION_IN_ZONE,
	    .form = FORM_NUMBER, .words = "disabled off", .fallback = "off (milliseconds)" },
	{ "prefetch", OVZ, ROUTED, .flags = OPTIONAL_SECOND | EXTENSION_IN_ZONE,
	    .form = FORM_NUMBER, .second = FORM_NUMBER, .fallback = "2 9" },
	{ "attach-cache", OV, .form = FORM_NAME,
	    DIFFERENT("views share the memory of one cache, but never use each other's answers") },
	{ "lame-ttl", OV, .form = FORM_DURATION, SILENT("BIND has ignored it since 9.16") },
	{ "synth-from-dnssec", OV, .form = FORM_BOOL,
	    SILENT("answers are never synthesized, because that requires validation") },
	{ "max-records", OVZ, ZONE_DATA, .form = FORM_NUMBER,
	    HARMLESS("the size of a zone is not limited"), .silent = "0" },
	{ "max-records-per-type", OVZ, ZONE_DATA, .form = FORM_NUMBER,
	    HARMLESS("the size of a zone is not limited"), .silent = "0" },
	{ "max-types-per-name", OVZ, ZONE_DATA, .form = FORM_NUMBER,
	    HARMLESS("the size of a zone is not limited"), .silent = "0" },
};

const struct conf_table conf_table_cache = { "Cache", rules, sizeof(rules) / sizeof(rules[0]) };
