/* SPDX-License-Identifier: ISC
 *
 * old.c - statements that BIND had removed by 9.18, some of them of BIND 8.
 */
#include "grammar.h"

#define GONE HARMLESS("BIND has removed it; remove it here too")
#define NO_AAAA_FILTER                                                                           \
	REFUSED("AAAA records are not filtered, and clients would get IPv6 addresses that BIND " \
		"hides: remove it, or forward to a BIND with the plugin filter-aaaa"),           \
	    .silent = "no"

static const struct conf_rule rules[] = {
	{ "acache-cleaning-interval", OV, .form = FORM_NUMBER, GONE },
	{ "acache-enable", OV, .form = FORM_BOOL, GONE },
	{ "additional-from-auth", OV, .form = FORM_BOOL, GONE },
	{ "additional-from-cache", OV, .form = FORM_BOOL, GONE },
	{ "allow-v6-synthesis", OV, .form = FORM_MATCH, GONE },
	{ "cache-file", AT(IN_VIEW), .form = FORM_STRING,
	    DIFFERENT("one cache serves all views; set its file in options") },
	{ "cleaning-interval", OV, .form = FORM_NUMBER, GONE },
	{ "deallocate-on-exit", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "fake-iquery", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "fetch-glue", OV, .form = FORM_BOOL, GONE },
	{ "filter-aaaa", OV, .form = FORM_MATCH,
	    SILENT("filter-aaaa-on-v4 and filter-aaaa-on-v6 are refused, unless no") },
	{ "filter-aaaa-on-v4", OV, .form = FORM_BOOL_OR_WORD, .words = "break-dnssec",
	    NO_AAAA_FILTER },
	{ "filter-aaaa-on-v6", OV, .form = FORM_BOOL_OR_WORD, .words = "break-dnssec",
	    NO_AAAA_FILTER },
	{ "geoip-use-ecs", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "has-old-clients", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "host-statistics", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "host-statistics-max", OPTIONS_, .form = FORM_NUMBER, GONE },
	{ "ixfr-base", ZONE_, .form = FORM_STRING, GONE },
	{ "ixfr-tmp-file", ZONE_, .form = FORM_STRING, GONE },
	{ "maintain-ixfr-base", OVZ, .form = FORM_BOOL, GONE },
	{ "max-acache-size", OV, .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE, GONE },
	{ "max-ixfr-log-size", OVZ, .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE, GONE },
	{ "min-roots", OV, .form = FORM_NUMBER, GONE },
	{ "multiple-cnames", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "named-xfer", OPTIONS_, .form = FORM_STRING, GONE },
	{ "nosit-udp-size", OV, .form = FORM_NUMBER, GONE },
	{ "pubkey", ZONE_, .flags = MULTI, .form = FORM_RAW, GONE },
	{ "queryport-pool-ports", OV, .form = FORM_NUMBER, GONE },
	{ "queryport-pool-updateinterval", OV, .form = FORM_NUMBER, GONE },
	{ "request-sit", OV, .form = FORM_BOOL, GONE },
	{ "rfc2308-type1", OV, .form = FORM_BOOL, GONE },
	{ "serial-queries", OPTIONS_, .form = FORM_NUMBER, GONE },
	{ "sit-secret", OPTIONS_, .form = FORM_STRING, GONE },
	{ "statistics-interval", OPTIONS_, .form = FORM_NUMBER, GONE },
	{ "topology", OV, .form = FORM_MATCH, GONE },
	{ "treat-cr-as-space", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "use-id-pool", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "use-ixfr", OPTIONS_, .form = FORM_BOOL, GONE },
	{ "use-queryport-pool", OV, .form = FORM_BOOL, GONE },
};

const struct conf_table conf_table_old = { "removed from BIND", rules,
	sizeof(rules) / sizeof(rules[0]) };
