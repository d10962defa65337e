/* SPDX-License-Identifier: ISC
 *
 * answer.c - the content of responses.
 */
#include "grammar.h"

#define REBINDING                                                                                \
	SECURITY("responses are not checked for addresses or aliases of your own network (DNS "  \
		 "rebinding): forward to a resolver that checks them, or rely on checks of the " \
		 "Host header and TLS in your services")
#define NO_POLICY                                                                                  \
	REFUSED("response policies are not supported, and names that the policy blocks would "     \
		"resolve: remove it, or forward to a resolver that supports them (BIND, Unbound, " \
		"Knot Resolver)")
#define NO_COOKIES \
	SECURITY(  \
	    "DNS cookies are not supported: clients cannot use them to detect forged responses")

static const struct conf_rule rules[] = {
	{ "hostname", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none",
	    .fallback = "the name of the host" },
	{ "server-id", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none hostname",
	    .fallback = "none" },
	{ "version", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none",
	    .fallback = "the version of split53" },
	{ "minimal-any", OV, .form = FORM_BOOL, .fallback = "no" },
	{ "minimal-responses", OVZ, ROUTED | ZONE_PRIMARY, .flags = EXTENSION_IN_ZONE,
	    .form = FORM_BOOL_OR_WORD, .words = "no-auth no-auth-recursive",
	    .fallback = "no-auth-recursive" },
	{ "rrset-order", OVZ, ROUTED | ZONE_PRIMARY, .flags = EXTENSION_IN_ZONE, .form = FORM_ORDER,
	    .fallback = "{ order random; }" },
	{ "empty-zones-enable", OV, .form = FORM_BOOL, .fallback = "yes" },
	{ "disable-empty-zone", OV, .flags = MULTI, .form = FORM_DOMAIN },
	{ "answer-cookie", OPTIONS_, .form = FORM_BOOL, NO_COOKIES, .silent = "no" },
	{ "auth-nxdomain", OV, .form = FORM_BOOL,
	    DIFFERENT("a forwarded NXDOMAIN has the AA bit of the server that sent it"),
	    .silent = "no" },
	{ "cookie-algorithm", OPTIONS_, .form = FORM_WORD, .words = "aes siphash24 sha1 sha256",
	    SILENT("DNS cookies are not supported") },
	{ "cookie-secret", OPTIONS_, .flags = MULTI, .form = FORM_STRING, NO_COOKIES },
	{ "deny-answer-addresses", OV, .form = FORM_RAW, REBINDING, .silent = "none" },
	{ "deny-answer-aliases", OV, .form = FORM_RAW, REBINDING, .silent = "none" },
	{ "dns64", OV, .flags = MULTI, .form = FORM_RAW,
	    REFUSED("DNS64 is not supported, and IPv6-only clients would lose IPv4-only hosts: "
		    "remove it, or forward to a resolver that supports it (BIND, Unbound)") },
	{ "dns64-contact", OV, .form = FORM_DOMAIN,
	    SILENT("it belongs to dns64, which is refused") },
	{ "dns64-server", OV, .form = FORM_DOMAIN,
	    SILENT("it belongs to dns64, which is refused") },
	{ "dnsrps-enable", OV, .form = FORM_BOOL, NO_POLICY, .silent = "no" },
	{ "dnsrps-library", OPTIONS_, .form = FORM_STRING, NO_POLICY },
	{ "dnsrps-options", OV, .form = FORM_RAW, NO_POLICY },
	{ "empty-contact", OV, .form = FORM_DOMAIN,
	    DIFFERENT("the SOA records of the built-in zones cannot be changed") },
	{ "empty-server", OV, .form = FORM_DOMAIN,
	    DIFFERENT("the SOA records of the built-in zones cannot be changed") },
	{ "ipv4only-contact", OV, .form = FORM_STRING,
	    SILENT("ipv4only.arpa is forwarded like any other name") },
	{ "ipv4only-enable", OV, .form = FORM_BOOL,
	    DIFFERENT("ipv4only.arpa is forwarded like any other name"), .silent = "no" },
	{ "ipv4only-server", OV, .form = FORM_STRING,
	    SILENT("ipv4only.arpa is forwarded like any other name") },
	{ "message-compression", OV, .form = FORM_BOOL,
	    DIFFERENT("names are compressed as in the server's response"), .silent = "yes" },
	{ "nocookie-udp-size", OV, .form = FORM_NUMBER,
	    DIFFERENT("max-udp-size applies to every client") },
	{ "nxdomain-redirect", OV, .form = FORM_DOMAIN,
	    REFUSED("NXDOMAIN redirection is not supported, and clients would get NXDOMAIN: remove "
		    "it, or forward to a resolver that supports it (BIND)") },
	{ "preferred-glue", OV, .form = FORM_NAME,
	    SILENT("records keep the order that the server gave them") },
	{ "provide-zoneversion", OVZ, ZONE_DATA, .form = FORM_BOOL,
	    HARMLESS("the version of a zone (RFC 9660) is not sent to clients"), .silent = "no" },
	{ "response-padding", OV, .form = FORM_RAW,
	    SILENT("padding is for encrypted transports, which are not supported") },
	{ "response-policy", OV, .form = FORM_RAW, NO_POLICY, .silent = "none" },
	{ "root-delegation-only", OV, .form = FORM_RAW,
	    DIFFERENT("answers are passed on where BIND would turn everything but delegations into "
		      "NXDOMAIN") },
	{ "root-key-sentinel", OV, .form = FORM_BOOL,
	    SILENT("it is for validation, which split53 does not do") },
	{ "sortlist", OV, .form = FORM_MATCH,
	    REFUSED("addresses are not sorted by the client's network, and clients would use other "
		    "addresses than now: remove it, or forward to a BIND with this sortlist"),
	    .silent = "none" },
	{ "catalog-zones", OV, .form = FORM_RAW,
	    REFUSED("catalog zones are not supported, and their member zones would be missing: "
		    "define these here as zones of type secondary or forward, or forward them to a "
		    "server that has the catalog"),
	    .silent = "none" },
	{ "zero-no-soa-ttl", OVZ, ZONE_SERVED, .form = FORM_BOOL,
	    HARMLESS("TTLs stay as they are in the zone"), .silent = "no" },
	{ "zero-no-soa-ttl-cache", OV, .form = FORM_BOOL,
	    HARMLESS("TTLs stay as the server gave them"), .silent = "no" },
};

const struct conf_table conf_table_answer = { "Answers", rules, sizeof(rules) / sizeof(rules[0]) };
