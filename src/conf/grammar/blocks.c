/* SPDX-License-Identifier: ISC
 *
 * blocks.c - the top level of named.conf.
 */
#include "grammar.h"

#define ANCHORS                                                                                  \
	SILENT("trust anchors are for validation, which split53 does not do; dnssec-validation " \
	       "has the warning")
#define NO_DLZ                                                                                     \
	REFUSED("zones in databases are not supported, and would be missing: serve the zone from " \
		"a file (type primary), or keep the server that has the database and forward the " \
		"zone to it")
#define NO_MODULES(what)                                      \
	REFUSED("modules of BIND cannot be loaded, and " what \
		": remove it, or keep BIND for what it does and forward to it")

static const struct conf_rule rules[] = {
	{ "acl", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_MATCH },
	{ "controls", AT(IN_TOP), .flags = MULTI, .form = FORM_BODY, .inside = IN_CONTROLS,
	    .fallback = "a Unix socket in /run/split53; with a file and BIND's rndc.key also port "
			"953 of 127.0.0.1 and ::1" },
	{ "dlz", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW, NO_DLZ },
	{ "dlz", ZONE_, ZONE_PRIMARY | ZONE_SECONDARY | ZONE_REDIRECT, .form = FORM_NAME, NO_DLZ },
	{ "dnssec-policy", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY,
	    .inside = IN_POLICY, SILENT("the zones that use it have the warning") },
	{ "dyndb", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW,
	    NO_MODULES("its zones would be missing") },
	{ "http", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY, .inside = IN_HTTP,
	    SILENT("a listen-on that uses it is ignored, with a warning there") },
	{ "key", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI | LABEL, .form = FORM_BODY,
	    .inside = IN_KEY },
	{ "key-store", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY,
	    .inside = IN_KEY_STORE,
	    SILENT("zones are not signed; the zones that should be have the warning") },
	{ "logging", AT(IN_TOP), .form = FORM_BODY, .inside = IN_LOGGING },
	{ "lwres", AT(IN_TOP), .flags = MULTI, .form = FORM_RAW,
	    DIFFERENT("the lightweight resolver went with BIND 9.12; clients send DNS queries") },
	{ "managed-keys", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW, ANCHORS },
	{ "masters", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST, .canonical = "primaries" },
	{ "options", AT(IN_TOP), .form = FORM_BODY, .inside = IN_OPTIONS },
	{ "parental-agents", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST },
	{ "plugin", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW,
	    NO_MODULES("responses would lack what it does") },
	{ "primaries", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST },
	{ "remote-servers", AT(IN_TOP), .flags = MULTI | LABEL | HOSTS | REMOTES | TIERED,
	    .form = FORM_PEERS, .inside = IN_LIST },
	{ "server", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI | PREFIXED, .form = FORM_BODY,
	    .inside = IN_SERVER },
	{ "statistics-channels", AT(IN_TOP), .flags = MULTI, .form = FORM_BODY,
	    .inside = IN_STATISTICS },
	{ "tls", AT(IN_TOP), .flags = MULTI | LABEL, .form = FORM_BODY, .inside = IN_TLS,
	    SILENT("a listen-on that uses it is ignored, with a warning there; forwarders that use "
		   "it are refused") },
	{ "trust-anchors", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW, ANCHORS },
	{ "trusted-keys", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI, .form = FORM_RAW, ANCHORS },
	{ "view", AT(IN_TOP), .flags = MULTI | LABEL | CLASSED, .form = FORM_BODY,
	    .inside = IN_VIEW },
	{ "zone", AT(IN_TOP) | AT(IN_VIEW), .flags = MULTI | LABEL | CLASSED, .form = FORM_BODY,
	    .inside = IN_ZONE },
};

const struct conf_table conf_table_blocks = { "Blocks", rules, sizeof(rules) / sizeof(rules[0]) };
