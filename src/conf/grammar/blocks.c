/* SPDX-License-Identifier: ISC
 *
 * blocks.c - the top level of named.conf.
 */
#include "grammar.h"

#define ANCHORS HARMLESS("only validation uses trust anchors, and nothing is validated here")

static const struct conf_rule rules[] = {
	{ "acl", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_MATCH },
	{ "controls", AT(IN_TOP), .flags = MULTI, .form = FORM_BODY, .inside = IN_CONTROLS,
	    DIFFERENT("there is no control channel; signals reload and stop") },
	{ "dlz", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW,
	    REFUSED("zones out of databases are not served; use type primary with a file, or "
		    "forward the zone to who has it") },
	{ "dlz", ZONE_, ZONE_PRIMARY | ZONE_SECONDARY | ZONE_REDIRECT, .form = FORM_NAME,
	    REFUSED("zones out of databases are not served; use type primary with a file, or "
		    "forward the zone to who has it") },
	{ "dnssec-policy", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY,
	    .inside = IN_POLICY, HARMLESS("no zone is signed here") },
	{ "dyndb", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW,
	    REFUSED("BIND's modules cannot be loaded, and their zones would be missing") },
	{ "http", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY, .inside = IN_HTTP,
	    HARMLESS("DNS over HTTPS is not served; a listen-on that uses it is left out") },
	{ "key", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI | LABEL, .form = FORM_BODY,
	    .inside = IN_KEY,
	    HARMLESS("TSIG is not used: queries are told apart by address alone") },
	{ "key-store", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY,
	    .inside = IN_KEY_STORE, HARMLESS("no zone is signed here") },
	{ "logging", AT(IN_TOP), .form = FORM_BODY, .inside = IN_LOGGING },
	{ "lwres", AT(IN_TOP), .flags = MULTI, .form = FORM_RAW,
	    DIFFERENT("the lightweight resolver went with BIND 9.12; clients ask over DNS") },
	{ "managed-keys", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW, ANCHORS },
	{ "masters", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST, .canonical = "primaries" },
	{ "options", AT(IN_TOP), .form = FORM_BODY, .inside = IN_OPTIONS },
	{ "parental-agents", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST },
	{ "plugin", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW,
	    REFUSED("BIND's modules cannot be loaded, and answers would lack what they do") },
	{ "primaries", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST },
	{ "remote-servers", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST },
	{ "server", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI | PREFIXED, .form = FORM_BODY,
	    .inside = IN_SERVER },
	{ "statistics-channels", AT(IN_TOP), .flags = MULTI, .form = FORM_BODY,
	    .inside = IN_STATISTICS, DIFFERENT("statistics are not served over HTTP") },
	{ "tls", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY, .inside = IN_TLS,
	    HARMLESS("TLS is not spoken; a listen-on that uses it is left out, forwarders that use "
		     "it are refused") },
	{ "trust-anchors", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW, ANCHORS },
	{ "trusted-keys", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW, ANCHORS },
	{ "view", AT(IN_TOP), .flags = MULTI | LABEL | CLASSED, .form = FORM_BODY,
	    .inside = IN_VIEW },
	{ "zone", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI | LABEL | CLASSED, .form = FORM_BODY,
	    .inside = IN_ZONE },
};

const struct conf_table conf_table_blocks = { "Blocks", rules, sizeof(rules) / sizeof(rules[0]) };
