/* SPDX-License-Identifier: ISC
 *
 * access.c - which clients may send which queries.
 */
#include "grammar.h"

#define NO_UPDATES                                                                                \
	DIFFERENT("dynamic updates are not supported: every update gets NOTIMP; change the zone " \
		  "file and reload, or keep BIND for this zone and forward to it")
#define PROXY_LISTENER \
	SILENT("a listen-on that uses the PROXY protocol is ignored, with a warning there")
#define NO_SIG0 SILENT("SIG(0) is not checked")

static const struct conf_rule rules[] = {
	{ "allow-query", OVZ, ZONE_DATA, .form = FORM_MATCH, .fallback = "{ any; }" },
	{ "allow-query-on", OVZ, ZONE_DATA, .form = FORM_MATCH, .fallback = "{ any; }" },
	{ "allow-query-cache", OV, .form = FORM_MATCH,
	    .fallback = "allow-recursion, else allow-query, else { localnets; localhost; }" },
	{ "allow-query-cache-on", OV, .form = FORM_MATCH, .fallback = "{ any; }" },
	{ "allow-recursion", OV, .form = FORM_MATCH,
	    .fallback = "allow-query-cache, else allow-query, else { localnets; localhost; }" },
	{ "allow-recursion-on", OV, .form = FORM_MATCH, .fallback = "{ any; }" },
	{ "blackhole", OPTIONS_, .form = FORM_MATCH, .fallback = "{ none; }" },
	{ "recursion", OV, .form = FORM_BOOL, .fallback = "yes" },
	{ "match-clients", AT(IN_VIEW), .form = FORM_MATCH, .fallback = "{ any; }" },
	{ "match-destinations", AT(IN_VIEW), .form = FORM_MATCH, .fallback = "{ any; }" },
	{ "match-recursive-only", AT(IN_VIEW), .form = FORM_BOOL, .fallback = "no" },
	{ "allow-new-zones", OV, .form = FORM_BOOL,
	    DIFFERENT("zones are not added at run time: add the zone to the file and reload"),
	    .silent = "no" },
	{ "allow-notify", OVZ, ZONE_COPIES, .form = FORM_MATCH,
	    HARMLESS("zones are not transferred, so NOTIFY is not needed: queries for their names "
		     "are sent to their primaries"),
	    .silent = "none" },
	{ "allow-proxy", OV, .form = FORM_MATCH, PROXY_LISTENER },
	{ "allow-proxy-on", OV, .form = FORM_MATCH, PROXY_LISTENER },
	{ "allow-transfer", OVZ, ZONE_SERVED, .form = FORM_MATCH, .inside = IN_LIST,
	    DIFFERENT("zones are not transferred: AXFR and IXFR are refused to every client; "
		      "secondaries need another primary"),
	    .silent = "none" },
	{ "allow-update", OVZ, ZONE_PRIMARY, .form = FORM_MATCH, NO_UPDATES, .silent = "none" },
	{ "allow-update-forwarding", OVZ, ZONE_COPIES, .form = FORM_MATCH, NO_UPDATES,
	    .silent = "none" },
	{ "match-mapped-addresses", OPTIONS_, .form = FORM_BOOL,
	    SILENT("IPv4-mapped addresses always match IPv4 elements") },
	{ "rate-limit", OV, .form = FORM_BODY, .inside = IN_RATE_LIMIT,
	    SECURITY("response rate limiting is not supported; if untrusted clients can send "
		     "queries, limit them with a packet filter"),
	    .silent = "none" },
	{ "keep-response-order", OPTIONS_, .form = FORM_MATCH,
	    DIFFERENT(
		"responses over TCP are sent as soon as they are ready, in any order (RFC 7766)"),
	    .silent = "none" },
	{ "no-case-compress", OV, .form = FORM_MATCH,
	    SILENT("names in responses keep the letter case of the query") },
	{ "sig0checks-quota", OPTIONS_, .form = FORM_NUMBER, NO_SIG0 },
	{ "sig0checks-quota-exempt", OPTIONS_, .form = FORM_MATCH, NO_SIG0 },
	{ "sig0key-checks-limit", OV, .form = FORM_NUMBER, NO_SIG0 },
	{ "sig0message-checks-limit", OV, .form = FORM_NUMBER, NO_SIG0 },
	/* the body of rate-limit */
	{ "all-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 0, .max = 1000 },
	{ "errors-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 0, .max = 1000 },
	{ "exempt-clients", AT(IN_RATE_LIMIT), .form = FORM_MATCH },
	{ "ipv4-prefix-length", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 8, .max = 32 },
	{ "ipv6-prefix-length", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 16, .max = 64 },
	{ "log-only", AT(IN_RATE_LIMIT), .form = FORM_BOOL },
	{ "max-table-size", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "min-table-size", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "nodata-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 0, .max = 1000 },
	{ "nxdomains-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 0, .max = 1000 },
	{ "qps-scale", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 1, .max = UINT32_MAX },
	{ "referrals-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 0, .max = 1000 },
	{ "responses-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 0, .max = 1000 },
	{ "slip", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 0, .max = 10 },
	{ "window", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .min = 1, .max = 3600 },
};

const struct conf_table conf_table_access = { "Access", rules, sizeof(rules) / sizeof(rules[0]) };
