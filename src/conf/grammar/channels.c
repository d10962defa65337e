/* SPDX-License-Identifier: ISC
 *
 * channels.c - control and statistics channels, keys, TLS and HTTP.
 */
#include "grammar.h"

static const struct conf_rule rules[] = {
	{ "inet", AT(IN_CONTROLS), .flags = MULTI, .form = FORM_ADDRESS, .inside = IN_INET },
	{ "inet", AT(IN_STATISTICS), .flags = MULTI, .form = FORM_ADDRESS,
	    .inside = IN_STATISTICS_INET, .fallback = "port 80" },
	{ "unix", AT(IN_CONTROLS), .flags = MULTI, .form = FORM_STRING, .inside = IN_UNIX },
	{ "allow", AT(IN_INET), .form = FORM_MATCH },
	{ "allow", AT(IN_STATISTICS_INET), .form = FORM_MATCH, .fallback = "{ any; }" },
	{ "keys", AT(IN_INET) | AT(IN_UNIX), .form = FORM_STRINGS },
	{ "read-only", AT(IN_INET) | AT(IN_UNIX), .form = FORM_BOOL },
	{ "perm", AT(IN_UNIX), .form = FORM_NUMBER },
	{ "owner", AT(IN_UNIX), .form = FORM_NUMBER },
	{ "group", AT(IN_UNIX), .form = FORM_NUMBER },
	{ "algorithm", AT(IN_KEY), .form = FORM_NAME },
	{ "secret", AT(IN_KEY), .form = FORM_STRING },
	{ "ca-file", AT(IN_TLS), .form = FORM_STRING },
	{ "cert-file", AT(IN_TLS), .form = FORM_STRING },
	{ "cipher-suites", AT(IN_TLS), .form = FORM_STRING },
	{ "ciphers", AT(IN_TLS), .form = FORM_STRING },
	{ "dhparam-file", AT(IN_TLS), .form = FORM_STRING },
	{ "key-file", AT(IN_TLS), .form = FORM_STRING },
	{ "prefer-server-ciphers", AT(IN_TLS), .form = FORM_BOOL },
	{ "protocols", AT(IN_TLS), .form = FORM_STRINGS },
	{ "remote-hostname", AT(IN_TLS), .form = FORM_STRING },
	{ "session-tickets", AT(IN_TLS), .form = FORM_BOOL },
	{ "endpoints", AT(IN_HTTP), .form = FORM_STRINGS },
	{ "listener-clients", AT(IN_HTTP), .form = FORM_NUMBER },
	{ "streams-per-connection", AT(IN_HTTP), .form = FORM_NUMBER },
};

const struct conf_table conf_table_channels = { "channels and keys", rules,
	sizeof(rules) / sizeof(rules[0]) };
