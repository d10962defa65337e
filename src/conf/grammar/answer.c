/* SPDX-License-Identifier: ISC
 *
 * answer.c - the content of responses.
 */
#include "grammar.h"

#define NO_DNS64                                                                              \
	REFUSED("AAAA records are not made up; IPv6-only clients would lose what they reach " \
		"today")
#define REBINDING SECURITY("answers are not searched for addresses or aliases of your own network")

static const struct conf_rule rules[] = {
	{ "hostname", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none",
	    .fallback = "the name of the host" },
	{ "server-id", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none hostname",
	    .fallback = "none" },
	{ "version", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none",
	    .fallback = "the version of split53" },
	{ "minimal-any", OV, .form = FORM_BOOL, .fallback = "no" },
	{ "minimal-responses", OVZ, ROUTED | ZONE_PRIMARY, .flags = OURS, .form = FORM_BOOL_OR_WORD,
	    .words = "no-auth no-auth-recursive", .fallback = "no-auth-recursive" },
	{ "rrset-order", OVZ, ROUTED | ZONE_PRIMARY, .flags = OURS, .form = FORM_ORDER,
	    .fallback = "{ order random; }" },
	{ "empty-zones-enable", OV, .form = FORM_BOOL, .fallback = "yes" },
	{ "disable-empty-zone", OV, .flags = MULTI, .form = FORM_DOMAIN },
	{ "answer-cookie", OPTIONS_, .form = FORM_BOOL, SECURITY("DNS cookies are not answered") },
	{ "auth-nxdomain", OV, .form = FORM_BOOL,
	    DIFFERENT("AA is set by who answered, never by us for a forwarded NXDOMAIN") },
	{ "cookie-algorithm", OPTIONS_, .form = FORM_WORD, .words = "aes siphash24 sha1 sha256",
	    HARMLESS("DNS cookies are not answered") },
	{ "cookie-secret", OPTIONS_, .flags = MULTI, .form = FORM_STRING,
	    HARMLESS("DNS cookies are not answered") },
	{ "deny-answer-addresses", OV, .form = FORM_RAW, REBINDING },
	{ "deny-answer-aliases", OV, .form = FORM_RAW, REBINDING },
	{ "dns64", OV, .flags = MULTI, .form = FORM_RAW, NO_DNS64 },
	{ "dns64-contact", OV, .form = FORM_STRING, HARMLESS("dns64 is not there") },
	{ "dns64-server", OV, .form = FORM_STRING, HARMLESS("dns64 is not there") },
	{ "dnsrps-enable", OV, .form = FORM_BOOL,
	    REFUSED("response policies are not there, and names they are to block would resolve") },
	{ "dnsrps-library", OPTIONS_, .form = FORM_STRING,
	    REFUSED("response policies are not there, and names they are to block would resolve") },
	{ "dnsrps-options", OV, .form = FORM_RAW,
	    REFUSED("response policies are not there, and names they are to block would resolve") },
	{ "empty-contact", OV, .form = FORM_STRING,
	    DIFFERENT("the SOA records of the built-in zones cannot be changed") },
	{ "empty-server", OV, .form = FORM_STRING,
	    DIFFERENT("the SOA records of the built-in zones cannot be changed") },
	{ "ipv4only-contact", OV, .form = FORM_STRING,
	    HARMLESS("ipv4only.arpa is forwarded like any other name") },
	{ "ipv4only-enable", OV, .form = FORM_BOOL,
	    DIFFERENT("ipv4only.arpa is forwarded like any other name") },
	{ "ipv4only-server", OV, .form = FORM_STRING,
	    HARMLESS("ipv4only.arpa is forwarded like any other name") },
	{ "message-compression", OV, .form = FORM_BOOL,
	    DIFFERENT("names are compressed as the server that answered did") },
	{ "nocookie-udp-size", OV, .form = FORM_NUMBER,
	    DIFFERENT("max-udp-size holds for every client") },
	{ "nxdomain-redirect", OV, .form = FORM_DOMAIN,
	    REFUSED("NXDOMAIN is not replaced by other answers") },
	{ "preferred-glue", OV, .form = FORM_NAME,
	    HARMLESS("records keep the order that the server gave them") },
	{ "provide-zoneversion", OVZ, ZONE_DATA, .form = FORM_BOOL,
	    HARMLESS("the version of a zone is not told to clients") },
	{ "response-padding", OV, .form = FORM_RAW,
	    HARMLESS("padding serves encrypted transports, which are not there") },
	{ "response-policy", OV, .form = FORM_RAW,
	    REFUSED("response policies are not there, and names they are to block would resolve") },
	{ "root-delegation-only", OV, .form = FORM_RAW,
	    DIFFERENT("forwarded answers are not judged by where they come from") },
	{ "root-key-sentinel", OV, .form = FORM_BOOL,
	    HARMLESS("it needs validation, and nothing is validated here") },
	{ "sortlist", OV, .form = FORM_MATCH,
	    REFUSED(
		"addresses are not sorted by who asks; clients would use other ones than today") },
	{ "catalog-zones", OV, .form = FORM_RAW,
	    REFUSED("zones are not taken from a catalog, and would be missing") },
	{ "zero-no-soa-ttl", OVZ, ZONE_SERVED, .form = FORM_BOOL,
	    HARMLESS("TTLs stay as they are in the zone") },
	{ "zero-no-soa-ttl-cache", OV, .form = FORM_BOOL,
	    HARMLESS("TTLs stay as the server gave them") },
};

const struct conf_table conf_table_answer = { "Answers", rules, sizeof(rules) / sizeof(rules[0]) };
