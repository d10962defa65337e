/* SPDX-License-Identifier: ISC
 *
 * logword.h - words of log lines, in BIND's form, and rate limiting of kinds of lines.
 *
 * Layer    resolve (private)
 * Threads  any
 * Memory   the caller's
 */
#pragma once

#include <stdint.h>

#define S53_LOG_WORD 16

struct s53_query;

/* "AAAA", "AXFR", "TYPE65280". QTYPE may be a meta type. */
const char *s53_log_type(uint16_t type, char word[static S53_LOG_WORD]);

/* "IN", "CH", "CLASS7". */
const char *s53_log_class(uint16_t class, char word[static S53_LOG_WORD]);

/* The name of the query's view; "" if named.conf has no views, or no view was found. */
const char *s53_log_view(const struct s53_query *query);

/*
 * Severity for a line: the first of a kind in a second has `severity`, the others debug 1, so that
 * a dead server under load is logged, but does not flood the log. *logged_ms: when the first was
 * logged.
 */
int s53_log_first(uint64_t *logged_ms, uint64_t now_ms, int severity);
