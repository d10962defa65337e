/* SPDX-License-Identifier: ISC
 *
 * forward.c - forwarders, and how upstream queries are sent.
 */
#include "grammar.h"

#define FORWARDED (ZONE_SIGNED | ZONE_FORWARD | ZONE_STATIC_STUB | ZONE_STUB)
#define OTHER_PORTS                                                           \
	DIFFERENT("source ports are the kernel's: set them with the sysctls " \
		  "net.ipv4.ip_local_port_range and ip_local_reserved_ports")
#define NO_COOKIES \
	SECURITY(  \
	    "DNS cookies are not sent; responses are guarded by random port, ID and letter case")
#define NO_ITERATION SILENT("it concerns resolving from the root, and queries are only forwarded")

static const struct conf_rule rules[] = {
	{ "forward", OVZ, FORWARDED, .form = FORM_WORD, .words = "first only",
	    .fallback = "first" },
	{ "forwarders", OVZ, FORWARDED, .flags = HOSTS | TIERED, .form = FORM_PEERS,
	    .inside = IN_LIST, .fallback = "the servers of resolv.conf, else 8.8.8.8 and 8.8.4.4" },
	{ "empty-forwarders", OVZ, ZONE_FORWARD | ZONE_SIGNED, .flags = NOT_BINDS,
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
	    .fallback = "0, no limit; BIND's is 10, and drops the queries of clients above it. "
			"Here: stale data, or SERVFAIL with an extended error" },
	{ "max-clients-per-query", OV, .form = FORM_NUMBER,
	    .fallback = "100 where clients-per-query is written, as BIND's; else 0, no limit" },
	{ "fetches-per-server", OV, .flags = OPTIONAL_SECOND, .form = FORM_NUMBER,
	    .second = FORM_WORD, .words = "drop fail", .fallback = "0, no limit; fail" },
	{ "fetches-per-zone", OV, .flags = OPTIONAL_SECOND, .form = FORM_NUMBER,
	    .second = FORM_WORD, .words = "drop fail", .fallback = "0, no limit; drop" },
	{ "avoid-v4-udp-ports", OPTIONS_, .form = FORM_RAW, OTHER_PORTS, .silent = "none" },
	{ "avoid-v6-udp-ports", OPTIONS_, .form = FORM_RAW, OTHER_PORTS, .silent = "none" },
	{ "use-v4-udp-ports", OPTIONS_, .form = FORM_RAW, OTHER_PORTS },
	{ "use-v6-udp-ports", OPTIONS_, .form = FORM_RAW, OTHER_PORTS },
	{ "dual-stack-servers", OV, .flags = HOSTS, .form = FORM_PEERS, .inside = IN_LIST,
	    NO_ITERATION },
	{ "fetch-quota-params", OV, .form = FORM_RAW,
	    DIFFERENT("fetches-per-server stays as it is written; a server in trouble gets fewer "
		      "queries by what is known of its health") },
	{ "max-query-count", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "max-query-restarts", OV, .form = FORM_NUMBER,
	    DIFFERENT("a chain of CNAME records is followed over 16 links, whatever the number") },
	{ "max-recursion-depth", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "max-recursion-queries", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "qname-minimization", OV, .form = FORM_WORD, .words = "strict relaxed disabled off",
	    SILENT("a forwarder is asked the whole name, by BIND too") },
	{ "request-nsid", OV, .form = FORM_BOOL,
	    DIFFERENT("servers are not asked for their NSID, and none is logged"), .silent = "no" },
	{ "request-zoneversion", OV, .form = FORM_BOOL,
	    HARMLESS("servers are not asked for the version of a zone (RFC 9660)"),
	    .silent = "no" },
	{ "require-server-cookie", OV, .form = FORM_BOOL,
	    SECURITY("DNS cookies are not used: clients without one get full answers over UDP"),
	    .silent = "no" },
	{ "reserved-sockets", OPTIONS_, .form = FORM_NUMBER,
	    SILENT("descriptors are reserved without it") },
	{ "resolver-nonbackoff-tries", OV, .form = FORM_NUMBER,
	    DIFFERENT("when the next server is tried follows from the servers' response times") },
	{ "resolver-retry-interval", OV, .form = FORM_NUMBER,
	    DIFFERENT("when the next server is tried follows from the servers' response times") },
	{ "resolver-use-dns64", OV, .form = FORM_BOOL,
	    DIFFERENT("servers are asked at the addresses that were given"), .silent = "no" },
	{ "send-cookie", OV, .form = FORM_BOOL, NO_COOKIES, .silent = "no" },
	{ "send-report-channel", OV, .form = FORM_DOMAIN,
	    HARMLESS("errors are not reported to agents (RFC 9567)"), .silent = "." },
	{ "tcp-reuse-timeout", OV, .form = FORM_NUMBER,
	    DIFFERENT("connections to servers are kept and closed by rules of split53's own") },
	{ "v6-bias", OV, .form = FORM_NUMBER,
	    DIFFERENT("the fastest server is preferred, of whichever address family") },
};

const struct conf_table conf_table_forward = { "Forwarding", rules,
	sizeof(rules) / sizeof(rules[0]) };
