/* SPDX-License-Identifier: ISC
 *
 * logword.h - words of the log's lines, in BIND's form, and how often a kind of line is written.
 *
 * Layer    resolve (private)
 * Threads  any
 * Memory   the caller's
 */
#pragma once

#include <stdint.h>

#define S53_LOG_WORD 16

struct s53_query;

/* "AAAA", "AXFR", "TYPE65280". A query may ask for what is no type of data. */
const char *s53_log_type(uint16_t type, char word[static S53_LOG_WORD]);

/* "IN", "CH", "CLASS7". */
const char *s53_log_class(uint16_t class, char word[static S53_LOG_WORD]);

/* The name of the query's view; "" where the file has no views, or none was found. */
const char *s53_log_view(const struct s53_query *query);

/*
 * The first of a kind in a second is told at `severity`, the others at debug 1: a dead server under
 * load shows in the log, and does not fill it. *told_ms remembers the first.
 */
int s53_log_first(uint64_t *told_ms, uint64_t now_ms, int severity);
