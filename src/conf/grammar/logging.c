/* SPDX-License-Identifier: ISC
 *
 * logging.c - channels and categories.
 */
#include "grammar.h"

static const struct conf_rule rules[] = {
	{ "category", AT(IN_LOGGING), .flags = MULTI | LABEL, .form = FORM_STRINGS },
	{ "channel", AT(IN_LOGGING), .flags = MULTI | LABEL, .form = FORM_BODY,
	    .inside = IN_CHANNEL },
	{ "file", AT(IN_CHANNEL), .form = FORM_STRING, .inside = IN_FILE },
	{ "syslog", AT(IN_CHANNEL), .flags = OPTIONAL, .form = FORM_WORD,
	    .words = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 "
		     "local1 local2 local3 local4 local5 local6 local7",
	    .fallback = "daemon" },
	{ "stderr", AT(IN_CHANNEL), .form = FORM_NONE },
	{ "null", AT(IN_CHANNEL), .form = FORM_NONE },
	{ "severity", AT(IN_CHANNEL), .form = FORM_SEVERITY, .fallback = "info" },
	{ "print-time", AT(IN_CHANNEL), .form = FORM_BOOL_OR_WORD,
	    .words = "local iso8601 iso8601-utc iso8601-tzinfo", .fallback = "no" },
	{ "print-category", AT(IN_CHANNEL), .form = FORM_BOOL, .fallback = "no" },
	{ "print-severity", AT(IN_CHANNEL), .form = FORM_BOOL, .fallback = "no" },
	{ "buffered", AT(IN_CHANNEL), .form = FORM_BOOL, .fallback = "no" },
	/* parts of a channel's file */
	{ "versions", AT(IN_FILE), .flags = UNLIMITED, .form = FORM_NUMBER },
	{ "size", AT(IN_FILE), .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE },
	{ "suffix", AT(IN_FILE), .form = FORM_WORD, .words = "increment timestamp" },
};

const struct conf_table conf_table_logging = { "Logging", rules, sizeof(rules) / sizeof(rules[0]) };
