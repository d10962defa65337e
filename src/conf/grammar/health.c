/* SPDX-License-Identifier: ISC
 *
 * health.c - probes of upstream servers. BIND does not probe: all of these are extensions.
 */
#include "grammar.h"

#define HERE AT(IN_HEALTH_CHECK)
#define HOUR 3600
#define ROW_MAX 100

static const struct conf_rule rules[] = {
	{ "name", HERE, .flags = EXTENSION, .form = FORM_DOMAIN, .fallback = "the zone's name" },
	{ "type", HERE, .flags = EXTENSION, .form = FORM_TYPE, .fallback = "SOA; NS for the root" },
	{ "accept", HERE, .flags = EXTENSION, .form = FORM_RCODES,
	    .fallback = "{ NOERROR; NXDOMAIN; }" },
	{ "interval", HERE, .flags = OPTIONAL_SECOND | EXTENSION, .form = FORM_DURATION,
	    .second = FORM_DURATION, .min = 1, .max = HOUR, .fallback = "1 30" },
	{ "timeout", HERE, .flags = EXTENSION, .form = FORM_NUMBER, .min = 20, .max = 30000,
	    .fallback = "1000 (milliseconds)" },
	{ "rise", HERE, .flags = EXTENSION, .form = FORM_NUMBER, .min = 1, .max = ROW_MAX,
	    .fallback = "2" },
	{ "fall", HERE, .flags = EXTENSION, .form = FORM_NUMBER, .min = 1, .max = ROW_MAX,
	    .fallback = "3" },
	{ "down-after", HERE, .flags = EXTENSION, .form = FORM_NUMBER, .min = 1000, .max = 60000,
	    .fallback = "5000, or resolver-query-timeout if that is less (milliseconds)" },
	{ "mode", HERE, .flags = EXTENSION, .form = FORM_WORD, .words = "lazy always never",
	    .fallback = "lazy" },
};

const struct conf_table conf_table_health = { "health-check", rules,
	sizeof(rules) / sizeof(rules[0]) };
