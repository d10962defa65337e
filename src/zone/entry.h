/* SPDX-License-Identifier: ISC
 *
 * entry.h - cuts the text of a zone file into entries: one record or directive each.
 *
 * Layer    zone (private)
 * Threads  main thread
 * Memory   the text is the caller's and outlives the reader; an entry is in the reader's one buffer
 *          until the next is read
 * Sources  RFC 1035 s5.1: comments, quotes, escapes, parentheses that join lines
 *
 * ldns_rr_new_frm_fp_l() is not used: it discards the line of an $INCLUDE, reports the line after
 * the entry rather than the one where it began, and cuts entries of more than 10,230 bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <split53/status.h>

/* Bytes before an entry that may be overwritten. */
#define ENTRY_HEADROOM 16

struct entry_reader {
	const char *at, *end;
	unsigned line; /* of `at` */
	char *buffer;
};

struct entry {
	char *text; /* one line without comment and parentheses; with quotes and escapes */
	unsigned line; /* where it begins */
	const char *source; /* that line in the file */
	const char *problem; /* what is malformed, or NULL */
};

/* S53_E_NOMEM. */
S53_MUST_USE enum s53_status entry_reader_init(
    struct entry_reader *entries, const char *text, size_t len);
void entry_reader_fini(struct entry_reader *entries);

/*
 * The next entry that is not empty; false: the end. After a problem, reading continues with the
 * next line.
 */
bool entry_reader_next(struct entry_reader *entries, struct entry *out);

/*
 * Cut the next word off *at and end it with NUL; "quoted words" lose their quotes when `unquote`.
 * NULL: there is none. *at is then behind the word.
 */
char *entry_word(char **at, bool unquote);
