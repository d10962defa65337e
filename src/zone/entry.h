/* SPDX-License-Identifier: ISC
 *
 * entry.h - a master file's text, cut into entries: one record or directive each.
 *
 * Layer    zone (private)
 * Threads  main thread
 * Memory   the text is the caller's and outlives the reader; an entry stands in the reader's one
 *          buffer until the next is read
 * Sources  RFC 1035 s5.1: comments, quotes, escapes, parentheses that join lines
 *
 * Why not ldns_rr_new_frm_fp_l(): it throws the line of an $INCLUDE away, says the line after the
 * entry rather than the one where it began, and cuts entries of more than 10,230 octets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <split53/status.h>

/* Octets before an entry that may be written over. */
#define ENTRY_HEADROOM 16

struct entries {
	const char *at, *end;
	unsigned line; /* of `at` */
	char *buffer;
};

struct entry {
	char *text; /* one line without comment and parentheses; quotes and escapes kept */
	unsigned line; /* where it begins */
	const char *source; /* that line in the file */
	const char *problem; /* what is wrong with the form, or NULL */
};

/* S53_E_NOMEM. */
S53_MUST_USE enum s53_status entries_init(struct entries *entries, const char *text, size_t len);
void entries_fini(struct entries *entries);

/*
 * The next entry that is not empty; false: the end. After a problem reading goes on with the
 * next line.
 */
bool entries_next(struct entries *entries, struct entry *out);

/*
 * Cut the next word off *at, ending it with an end octet; "quoted words" lose their quotes when
 * `unquote`. NULL: there is none. *at then stands behind the word.
 */
char *entry_word(char **at, bool unquote);
