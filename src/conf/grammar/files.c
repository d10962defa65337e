/* SPDX-License-Identifier: ISC
 *
 * files.c - files, directories and what the program writes about itself.
 */
#include "grammar.h"

#define NO_TAP DIFFERENT("dnstap is not supported; use the logging category queries")
#define TAP_PART SILENT("it belongs to dnstap, which has the warning")
#define OTHER_LIMIT                                                                            \
	DIFFERENT("limits of the process are set by its service manager (systemd: LimitCORE, " \
		  "LimitDATA, LimitNOFILE, LimitSTACK)"),                                      \
	    .silent = "default"

static const struct conf_rule rules[] = {
	{ "directory", OPTIONS_, .form = FORM_STRING, .fallback = "the working directory" },
	{ "pid-file", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none", .fallback = "none" },
	{ "querylog", OPTIONS_, .form = FORM_BOOL,
	    .fallback = "yes if logging has a category queries, else no" },
	{ "responselog", OPTIONS_, .form = FORM_BOOL, .fallback = "no" },
	{ "dump-file", OPTIONS_, .form = FORM_STRING, .fallback = "named_dump.db" },
	{ "cache-file", OPTIONS_, .flags = EXTENSION_IN_ZONE, .form = FORM_STRING_OR_WORD,
	    .words = "none",
	    .fallback = "the name of dump-file with .cache appended if dump-file or directory is "
			"set, else none" },
	{ "memstatistics", OPTIONS_, .form = FORM_BOOL,
	    DIFFERENT("memory statistics are not written at exit"), .silent = "no" },
	{ "memstatistics-file", OPTIONS_, .form = FORM_STRING,
	    SILENT("memory statistics are not written; the metrics have the process's memory") },
	{ "recursing-file", OPTIONS_, .form = FORM_STRING, .fallback = "named.recursing" },
	{ "statistics-file", OPTIONS_, .form = FORM_STRING, .fallback = "named.stats" },
	{ "geoip-directory", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none",
	    SILENT("geoip elements of address match lists are refused") },
	{ "lock-file", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none",
	    SILENT("split53 detects addresses in use without it") },
	{ "random-device", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none",
	    SILENT("random numbers come from the kernel") },
	{ "dnstap", OV, .form = FORM_RAW, NO_TAP },
	{ "dnstap-identity", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none hostname",
	    TAP_PART },
	{ "dnstap-output", OPTIONS_, .form = FORM_RAW, TAP_PART },
	{ "dnstap-version", OPTIONS_, .form = FORM_STRING_OR_WORD, .words = "none", TAP_PART },
	{ "fstrm-set-buffer-hint", OPTIONS_, .form = FORM_NUMBER, TAP_PART },
	{ "fstrm-set-flush-timeout", OPTIONS_, .form = FORM_NUMBER, TAP_PART },
	{ "fstrm-set-input-queue-size", OPTIONS_, .form = FORM_NUMBER, TAP_PART },
	{ "fstrm-set-output-notify-threshold", OPTIONS_, .form = FORM_NUMBER, TAP_PART },
	{ "fstrm-set-output-queue-model", OPTIONS_, .form = FORM_WORD, .words = "mpsc spsc",
	    TAP_PART },
	{ "fstrm-set-output-queue-size", OPTIONS_, .form = FORM_NUMBER, TAP_PART },
	{ "fstrm-set-reopen-interval", OPTIONS_, .form = FORM_DURATION, TAP_PART },
	{ "coresize", OPTIONS_, .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE, OTHER_LIMIT },
	{ "datasize", OPTIONS_, .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE, OTHER_LIMIT },
	{ "files", OPTIONS_, .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE, OTHER_LIMIT },
	{ "stacksize", OPTIONS_, .flags = UNLIMITED | DEFAULT, .form = FORM_SIZE, OTHER_LIMIT },
};

const struct conf_table conf_table_files = { "Files", rules, sizeof(rules) / sizeof(rules[0]) };
