/* SPDX-License-Identifier: ISC
 *
 * forward.c - forwarders, and how upstream queries are sent.
 */
#include "grammar.h"

#define FORWARDED (ZONE_SIGNED | ZONE_FORWARD | ZONE_STATIC_STUB | ZONE_STUB)
#define OTHER_PORTS                                                                        \
	DIFFERENT("the kernel chooses the source ports: set their range with the sysctls " \
		  "net.ipv4.ip_local_port_range and ip_local_reserved_ports")
#define NO_COOKIES                                                                              \
	SECURITY("DNS cookies are not sent; random ports, IDs and letter case protect against " \
		 "forged responses")
#define NO_ITERATION SILENT("it is for iterative resolution, and split53 only forwards")

static const struct conf_rule rules[] = {
	{ "forward", OVZ, FORWARDED, .form = FORM_WORD, .words = "first only",
	    .fallback = "first" },
	{ "forwarders", OVZ, FORWARDED, .flags = HOSTS | TIERED, .form = FORM_PEERS,
	    .inside = IN_LIST, .fallback = "the servers of resolv.conf, else 8.8.8.8 and 8.8.4.4" },
	{ "empty-forwarders", OVZ, ZONE_FORWARD | ZONE_SIGNED, .flags = EXTENSION,
	    .form = FORM_WORD, .words = "default refuse", .fallback = "default" },
	{ "forwarders-policy", OVZ, ROUTED, .flags = EXTENSION, .form = FORM_WORD,
	    .words = "fastest ordered round-robin random least-outstanding race",
	    .fallback = "fastest" },
	{ "health-check", OVZ | AT(IN_SERVER), ROUTED, .flags = EXTENSION, .form = FORM_BODY,
	    .inside = IN_HEALTH_CHECK, .fallback = "see the body of health-check" },
	{ "use-caps-for-id", OVZ, ROUTED, .flags = EXTENSION, .form = FORM_BOOL,
	    .fallback = "yes" },
	{ "edns-udp-size", OV, .flags = CLAMPED, .form = FORM_NUMBER, .min = 512, .max = 4096,
	    .fallback = "1232" },
	{ "query-source", OV, .flags = FAMILY4, .form = FORM_SOURCE, .fallback = "*" },
	{ "query-source-v6", OV, .flags = FAMILY6, .form = FORM_SOURCE, .fallback = "*" },
	{ "resolver-query-timeout", OV, .flags = CLAMPED | TIMEOUT, .form = FORM_NUMBER,
	    .max = 30000,
	    .fallback = "4500, BIND: 10000 (milliseconds; values up to 300 are seconds)" },
	{ "clients-per-query", OV, .form = FORM_NUMBER,
	    .fallback = "0, no limit (BIND: 10). BIND drops the queries of further clients; "
			"split53 answers them with stale data or SERVFAIL" },
	{ "max-clients-per-query", OV, .form = FORM_NUMBER,
	    .fallback = "100 as in BIND if clients-per-query is set, else 0, no limit" },
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
	    DIFFERENT("fetches-per-server is a fixed limit; a server in trouble gets fewer queries "
		      "because of its health state") },
	{ "max-query-count", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "max-query-restarts", OV, .form = FORM_NUMBER,
	    DIFFERENT("CNAME chains are followed for up to 16 links, whatever the value") },
	{ "max-recursion-depth", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "max-recursion-queries", OV, .form = FORM_NUMBER, NO_ITERATION },
	{ "qname-minimization", OV, .form = FORM_WORD, .words = "strict relaxed disabled off",
	    SILENT("forwarders get the full name, in BIND too") },
	{ "request-nsid", OV, .form = FORM_BOOL,
	    DIFFERENT("NSID is neither requested from servers nor logged"), .silent = "no" },
	{ "request-zoneversion", OV, .form = FORM_BOOL,
	    HARMLESS("the version of a zone (RFC 9660) is not requested"), .silent = "no" },
	{ "require-server-cookie", OV, .form = FORM_BOOL,
	    SECURITY(
		"DNS cookies are not supported: clients without one get full answers over UDP"),
	    .silent = "no" },
	{ "reserved-sockets", OPTIONS_, .form = FORM_NUMBER,
	    SILENT("descriptors are reserved without it") },
	{ "resolver-nonbackoff-tries", OV, .form = FORM_NUMBER,
	    DIFFERENT("the servers' response times decide when the next server is tried") },
	{ "resolver-retry-interval", OV, .form = FORM_NUMBER,
	    DIFFERENT("the servers' response times decide when the next server is tried") },
	{ "resolver-use-dns64", OV, .form = FORM_BOOL,
	    DIFFERENT("queries are sent to the configured addresses"), .silent = "no" },
	{ "send-cookie", OV, .form = FORM_BOOL, NO_COOKIES, .silent = "no" },
	{ "send-report-channel", OV, .form = FORM_DOMAIN,
	    HARMLESS("errors are not reported to agents (RFC 9567)"), .silent = "." },
	{ "tcp-reuse-timeout", OV, .form = FORM_NUMBER,
	    DIFFERENT("split53 has its own rules for keeping connections to servers") },
	{ "v6-bias", OV, .form = FORM_NUMBER,
	    DIFFERENT("the fastest server is preferred, of whichever address family") },
};

const struct conf_table conf_table_forward = { "Forwarding", rules,
	sizeof(rules) / sizeof(rules[0]) };
