/* SPDX-License-Identifier: ISC
 *
 * access.c - which clients may send which queries.
 */
#include "grammar.h"

#define NO_CHANGES HARMLESS("zones are not changed over the network here: every update is refused")

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
	{ "allow-new-zones", OV, .form = FORM_BOOL, NO_CHANGES },
	{ "allow-notify", OVZ, ZONE_COPIES, .form = FORM_MATCH,
	    HARMLESS("no zone is copied, so that nobody is listened to for changes") },
	{ "allow-proxy", OV, .form = FORM_MATCH,
	    HARMLESS("the PROXY protocol is not spoken; a listen-on that uses it is left out") },
	{ "allow-proxy-on", OV, .form = FORM_MATCH,
	    HARMLESS("the PROXY protocol is not spoken; a listen-on that uses it is left out") },
	{ "allow-transfer", OVZ, ZONE_SERVED, .form = FORM_MATCH, .inside = IN_LIST,
	    HARMLESS("zones are not transferred: AXFR and IXFR are refused for everyone") },
	{ "allow-update", OVZ, ZONE_PRIMARY, .form = FORM_MATCH, NO_CHANGES },
	{ "allow-update-forwarding", OVZ, ZONE_COPIES, .form = FORM_MATCH, NO_CHANGES },
	{ "match-mapped-addresses", OPTIONS_, .form = FORM_BOOL,
	    HARMLESS("IPv4-mapped addresses always match IPv4 elements") },
	{ "rate-limit", OV, .form = FORM_BODY, .inside = IN_RATE_LIMIT,
	    SECURITY("replies are not limited per client, which matters where strangers may ask") },
	{ "keep-response-order", OPTIONS_, .form = FORM_MATCH,
	    DIFFERENT("answers over TCP leave as they are ready (RFC 7766)") },
	{ "no-case-compress", OV, .form = FORM_MATCH,
	    HARMLESS("the spelling of names is returned as asked") },
	{ "sig0checks-quota", OPTIONS_, .form = FORM_NUMBER, HARMLESS("SIG(0) is not checked") },
	{ "sig0checks-quota-exempt", OPTIONS_, .form = FORM_MATCH,
	    HARMLESS("SIG(0) is not checked") },
	{ "sig0key-checks-limit", OV, .form = FORM_NUMBER, HARMLESS("SIG(0) is not checked") },
	{ "sig0message-checks-limit", OV, .form = FORM_NUMBER, HARMLESS("SIG(0) is not checked") },
	/* the body of rate-limit */
	{ "all-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "errors-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "exempt-clients", AT(IN_RATE_LIMIT), .form = FORM_MATCH },
	{ "ipv4-prefix-length", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .max = 32 },
	{ "ipv6-prefix-length", AT(IN_RATE_LIMIT), .form = FORM_NUMBER, .max = 128 },
	{ "log-only", AT(IN_RATE_LIMIT), .form = FORM_BOOL },
	{ "max-table-size", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "min-table-size", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "nodata-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "nxdomains-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "qps-scale", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "referrals-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "responses-per-second", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "slip", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
	{ "window", AT(IN_RATE_LIMIT), .form = FORM_NUMBER },
};

const struct conf_table conf_table_access = { "Access", rules, sizeof(rules) / sizeof(rules[0]) };
