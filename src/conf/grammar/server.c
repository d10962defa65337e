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
	{ "use-caps-for-id", AT(IN_SERVER), .flags = NOT_BINDS, .form = FORM_BOOL,
	    .fallback = "use-caps-for-id of the zone" },
	{ "bogus", AT(IN_SERVER), .form = FORM_BOOL },
	{ "edns-version", AT(IN_SERVER), .form = FORM_NUMBER,
	    HARMLESS("there is no EDNS version but 0"), .silent = "0" },
	{ "keys", AT(IN_SERVER), .form = FORM_RAW,
	    SECURITY("queries are not signed: TSIG is not used") },
	{ "max-udp-size", AT(IN_SERVER), .flags = CLAMPED, .form = FORM_NUMBER, .min = 512,
	    .max = 4096, SILENT("only queries are sent to servers") },
	{ "notify-source", AT(IN_SERVER), .flags = FAMILY4, .form = FORM_ADDRESS, NO_COPIES },
	{ "notify-source-v6", AT(IN_SERVER), .flags = FAMILY6, .form = FORM_ADDRESS, NO_COPIES },
	{ "padding", AT(IN_SERVER), .form = FORM_NUMBER,
	    SILENT("padding serves encrypted transports, which are not spoken") },
	{ "provide-ixfr", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "query-source", AT(IN_SERVER), .flags = FAMILY4, .form = FORM_SOURCE,
	    DIFFERENT("query-source of options or the view applies to every server") },
	{ "query-source-v6", AT(IN_SERVER), .flags = FAMILY6, .form = FORM_SOURCE,
	    DIFFERENT("query-source-v6 of options or the view applies to every server") },
	{ "request-expire", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "request-ixfr", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "request-ixfr-max-diffs", AT(IN_SERVER), .form = FORM_NUMBER, NO_COPIES },
	{ "request-nsid", AT(IN_SERVER), .form = FORM_BOOL,
	    DIFFERENT("servers are not asked for their NSID, and none is logged"), .silent = "no" },
	{ "request-sit", AT(IN_SERVER), .form = FORM_BOOL,
	    SECURITY("DNS cookies are not sent; responses are guarded by random port, ID and "
		     "letter case"),
	    .silent = "no" },
	{ "request-zoneversion", AT(IN_SERVER), .form = FORM_BOOL,
	    HARMLESS("servers are not asked for the version of a zone (RFC 9660)"),
	    .silent = "no" },
	{ "require-cookie", AT(IN_SERVER), .form = FORM_BOOL,
	    SECURITY("DNS cookies are not used: responses without one are taken"), .silent = "no" },
	{ "send-cookie", AT(IN_SERVER), .form = FORM_BOOL,
	    SECURITY("DNS cookies are not sent; responses are guarded by random port, ID and "
		     "letter case"),
	    .silent = "no" },
	{ "support-ixfr", AT(IN_SERVER), .form = FORM_BOOL, NO_COPIES },
	{ "tcp-keepalive", AT(IN_SERVER), .form = FORM_BOOL,
	    DIFFERENT("connections to servers are kept without asking for it"), .silent = "no" },
	{ "transfer-format", AT(IN_SERVER), .form = FORM_WORD, .words = "many-answers one-answer",
	    NO_COPIES },
	{ "transfer-source", AT(IN_SERVER), .flags = FAMILY4, .form = FORM_ADDRESS, NO_COPIES },
	{ "transfer-source-v6", AT(IN_SERVER), .flags = FAMILY6, .form = FORM_ADDRESS, NO_COPIES },
	{ "transfers", AT(IN_SERVER), .form = FORM_NUMBER, NO_COPIES },
};

const struct conf_table conf_table_server = { "The body of server", rules,
	sizeof(rules) / sizeof(rules[0]) };
