/* SPDX-License-Identifier: ISC
 *
 * server.c - options of a single upstream server.
 */
#include "grammar.h"

#define NO_COPIES SILENT("zones are not transferred")

static const struct conf_rule rules[] = {
	{ "edns", AT(IN_SERVER), .form = FORM_BOOL, .fallback = "yes" },
	{ "edns-udp-size", AT(IN_SERVER), .flags = CLAMPED, .form = FORM_NUMBER, .min = 512,
	    .max = 4096, .fallback = "edns-udp-size of the view" },
	{ "tcp-only", AT(IN_SERVER), .form = FORM_BOOL, .fallback = "no" },
	{ "use-caps-for-id", AT(IN_SERVER), .flags = EXTENSION, .form = FORM_BOOL,
	    .fallback = "use-caps-for-id of the zone" },
	{ "bogus", AT(IN_SERVER), .form = FORM_BOOL },
	{ "edns-version", AT(IN_SERVER), .form = FORM_NUMBER,
	    HARMLESS("EDNS version 0 is always used"), .silent = "0" },
	{ "keys", AT(IN_SERVER), .form = FORM_RAW,
	    SECURITY("queries are not signed: TSIG is not supported") },
	{ "max-udp-size", AT(IN_SERVER), .flags = CLAMPED, .form = FORM_NUMBER, .min = 512,
	    .max = 4096, SILENT("only queries are sent to servers") },
	{ "notify-source", AT(IN_SERVER), .flags = FAMILY4, .form = FORM_ADDRESS, NO_COPIES },
	{ "notify-source-v6", AT(IN_SERVER), .flags = FAMILY6, .form = FORM_ADDRESS, NO_COPIES },
	{ "padding", AT(IN_SERVER), .form = FORM_NUMBER,
	    SILENT("padding is for encrypted transports, which are not supported") },
	{ "provide-ixfr", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "query-source", AT(IN_SERVER), .flags = FAMILY4, .form = FORM_SOURCE,
	    DIFFERENT("query-source of options or the view applies to every server") },
	{ "query-source-v6", AT(IN_SERVER), .flags = FAMILY6, .form = FORM_SOURCE,
	    DIFFERENT("query-source-v6 of options or the view applies to every server") },
	{ "request-expire", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "request-ixfr", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "request-ixfr-max-diffs", AT(IN_SERVER), .form = FORM_NUMBER, NO_COPIES },
	{ "request-nsid", AT(IN_SERVER), .form = FORM_BOOL,
	    DIFFERENT("NSID is neither requested from servers nor logged"), .silent = "no" },
	{ "request-sit", AT(IN_SERVER), .form = FORM_BOOL,
	    SECURITY("DNS cookies are not sent; random ports, IDs and letter case protect against "
		     "forged responses"),
	    .silent = "no" },
	{ "request-zoneversion", AT(IN_SERVER), .form = FORM_BOOL,
	    HARMLESS("the version of a zone (RFC 9660) is not requested"), .silent = "no" },
	{ "require-cookie", AT(IN_SERVER), .form = FORM_BOOL,
	    SECURITY("DNS cookies are not supported: responses without one are accepted"),
	    .silent = "no" },
	{ "send-cookie", AT(IN_SERVER), .form = FORM_BOOL,
	    SECURITY("DNS cookies are not sent; random ports, IDs and letter case protect against "
		     "forged responses"),
	    .silent = "no" },
	{ "support-ixfr", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "tcp-keepalive", AT(IN_SERVER), .form = FORM_BOOL,
	    DIFFERENT("connections to servers are kept open without this option"), .silent = "no" },
	{ "transfer-format", AT(IN_SERVER), .form = FORM_WORD, .words = "many-answers one-answer",
	    NO_COPIES },
	{ "transfer-source", AT(IN_SERVER), .flags = FAMILY4, .form = FORM_ADDRESS, NO_COPIES },
	{ "transfer-source-v6", AT(IN_SERVER), .flags = FAMILY6, .form = FORM_ADDRESS, NO_COPIES },
	{ "transfers", AT(IN_SERVER), .form = FORM_NUMBER, NO_COPIES },
};

const struct conf_table conf_table_server = { "server", rules, sizeof(rules) / sizeof(rules[0]) };
