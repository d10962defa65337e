/* SPDX-License-Identifier: ISC
 *
 * forward.c - forwarders, and how upstream queries are sent.
 */
#include "grammar.h"

#define FORWARDED (ZONE_SIGNED | ZONE_FORWARD | ZONE_STATIC_STUB | ZONE_STUB)
#define ANY_PORT HARMLESS("source ports are drawn from all that the system has free")
#define NO_COOKIES \
	SECURITY("DNS cookies are not sent; replies are guarded by port, ID and letter case")
#define NO_ITERATION \
	HARMLESS("it rules how the tree of servers is walked, and split53 only forwards")

static const struct conf_rule rules[] = {
	{ "forward", OVZ, FORWARDED, .form = FORM_WORD, .words = "first only",
	    .fallback = "first" },
	{ "forwarders", OVZ, FORWARDED, .flags = HOSTS | TIERED, .form = FORM_PEERS,
	    .inside = IN_LIST, .fallback = "the servers of resolv.conf, else 8.8.8.8 and 8.8.4.4" },
	{ "empty-forwarders", OVZ, ZONE_FORWARD | ZONE_PRIMARY, .flags = NOT_BINDS,
	    .form = FORM_WORD, .words = "default refuse", .fallback = "default" },
	{ "forwarders-policy", OVZ, ROUTED, .flags = NOT_BINDS, .form = FORM_WORD,
	    .words = "fastest ordered round-robin random least-outstanding race",
	    .fallback = "fastest" },
	{ "health-check", OVZ | AT(IN_SERVER), ROUTED, .flags = NOT_BINDS, .form = FORM_BODY,
	    .inside = IN_HEALTH_CHECK, .fallback = "see the body of health-check" },
	{ "use-caps-for-id", OVZ, ROUTED, .flags = NOT_BINDS, .form = FORM_BOOL,
	    .fallback = "yes" },
	{ "edns-udp-size", OV, .flags = CLAMPED, .form = FORM_NUMBER, .min = 512, .max = 4096,
	    .fallback = "1232" },
	{ "query-source", OV, .flags = FAMILY4, .form = FORM_SOURCE, .fallback = "*" },
	{ "query-source-v6", OV, .flags = FAMILY6, .form = FORM_SOURCE, .fallback = "*" },
	{ "resolver-query-timeout", OV, .flags = CLAMPED | TIMEOUT, .form = FORM_NUMBER,
	    .max = 30000,
	    .fallback = "4500, BIND's is 10000 (milliseconds; values to 300 are seconds)" },
	{ "clients-per-query", OV, .form = FORM_NUMBER,
	    .fallback = "0, no limit; BIND's is 10, and who comes above it gets no answer there. "
			"Here: stale data, or SERVFAIL with an extended error" },
	{ "max-clients-per-query", OV, .form = FORM_NUMBER,
	    .fallback = "100 where clients-per-query is written, as BIND's; else 0, no limit" },
	{ "fetches-per-server", OV, .flags = OPTIONAL_SECOND, .form = FORM_NUMBER,
	    .second = FORM_WORD, .words = "drop fail", .fallback = "0, no limit; fail" },
	{ "fetches-per-zone", OV, .flags = OPTIONAL_SECOND, .form = FORM_NUMBER,
	    .second = FORM_WORD, .words = "drop fail", .fallback = "0, no limit; drop" },
	{ "avoid-v4-udp-ports", OPTIONS_, .form = FORM_RAW, ANY_PORT },
	{ "avoid-v6-udp-ports", OPTIONS_, .form = FORM_RAW, ANY_PORT },
	{ "use-v4-udp-ports", OPTIONS_, .form = FORM_RAW, ANY_PORT },
	{ "use-v6-udp-ports", OPTIONS_, .form = FORM_RAW, ANY_PORT },
	{ "dual-stack-servers", OV, .flags = HOSTS, .form = FORM_PEERS, .inside = IN_LIST,
	    NO_ITERATION },
	{ "fetch-quota-params", OV, .form = FORM_RAW,
	    DIFFERENT("fetches-per-server stays as it is written; it does not shrink when a server "
		      "times out, since a server in trouble is asked less by what is known of its "
		      "health") },
	{ "max-query-count", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "max-query-restarts", OV, .form = FORM_NUMBER,
	    DIFFERENT("a chain of CNAME records is followed over 16 links, whatever the number") },
	{ "max-recursion-depth", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "max-recursion-queries", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "qname-minimization", OV, .form = FORM_WORD, .words = "strict relaxed disabled off",
	    HARMLESS("a forwarder is asked the whole name, by BIND too") },
	{ "request-nsid", OV, .form = FORM_BOOL, HARMLESS("servers are not asked for their NSID") },
	{ "request-zoneversion", OV, .form = FORM_BOOL,
	    HARMLESS("servers are not asked for the version of a zone") },
	{ "require-server-cookie", OV, .form = FORM_BOOL,
	    SECURITY("DNS cookies are not used; clients are not asked for one") },
	{ "reserved-sockets", OPTIONS_, .form = FORM_NUMBER,
	    HARMLESS("sockets are set aside without it") },
	{ "resolver-nonbackoff-tries", OV, .form = FORM_NUMBER,
	    DIFFERENT("when the next server is tried follows from how fast servers were") },
	{ "resolver-retry-interval", OV, .form = FORM_NUMBER,
	    DIFFERENT("when the next server is tried follows from how fast servers were") },
	{ "resolver-use-dns64", OV, .form = FORM_BOOL,
	    DIFFERENT("servers are asked at the addresses that were given") },
	{ "send-cookie", OV, .form = FORM_BOOL, NO_COOKIES },
	{ "send-report-channel", OV, .form = FORM_DOMAIN,
	    HARMLESS("errors are not reported to agents (RFC 9567)") },
	{ "tcp-reuse-timeout", OV, .form = FORM_NUMBER,
	    DIFFERENT("connections to servers are kept and closed by rules of our own") },
	{ "v6-bias", OV, .form = FORM_NUMBER,
	    DIFFERENT("the fastest server is preferred, of whichever family") },
};

const struct conf_table conf_table_forward = { "Forwarding", rules,
	sizeof(rules) / sizeof(rules[0]) };
