/* SPDX-License-Identifier: ISC
 *
 * diag.h - messages about a configuration or zone file: all of its errors, not only the first.
 *
 * Layer    base: shared by the configuration and the zone files
 * Threads  main thread
 * Memory   a list owns its texts
 *
 * Printed as compilers do:
 *	named.conf:12:9: error: unknown option 'fowarders'; did you mean 'forwarders'?
 *	        fowarders { 8.8.8.8; };
 *	        ^
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <split53/status.h>

struct s53_place {
	const char *file; /* NULL: no file (a flag, the environment) */
	unsigned line; /* from 1; 0: unknown */
	unsigned column; /* from 1, in bytes; 0: unknown */
};

enum s53_diag_kind { S53_DIAG_ERROR, S53_DIAG_WARNING, S53_DIAG_NOTICE };

/* What a warning is about, in the order of printing. */
enum s53_diag_class {
	S53_DIAG_SECURITY, /* a protection that BIND has and split53 does not */
	S53_DIAG_PLAIN, /* none of the others: a fact that the operator should know */
	S53_DIAG_DIFFERS, /* split53 behaves differently from BIND */
	S53_DIAG_HARMLESS, /* a statement is ignored, without effect */
	S53_DIAG_CLASS_COUNT,
};

#define S53_DIAG_PLACES 4 /* of one warning that are kept */
#define S53_DIAG_LISTED_MAX 1000 /* different warnings of one class that are listed */

struct s53_diag {
	struct s53_diag *next;
	enum s53_diag_kind kind;
	enum s53_diag_class class; /* of a warning */
	struct s53_place place; /* the first; file copied into the diag */
	struct s53_place more[S53_DIAG_PLACES - 1]; /* the next ones; files copied */
	unsigned count; /* how many positions have this message */
	char *text;
	char *source_line; /* the line at `place`, or NULL */
};

struct s53_diags {
	struct s53_diag *first; /* in the order of adding */
	struct s53_diag **last;
	unsigned error_count;
	unsigned warning_count; /* different ones: lines of s53_diags_print() */
	unsigned listed[S53_DIAG_CLASS_COUNT]; /* of these, by class */
	unsigned unlisted[S53_DIAG_CLASS_COUNT]; /* beyond S53_DIAG_LISTED_MAX */
	struct s53_diag **slots; /* warnings by a hash of class and text; NULL: free */
	unsigned slot_count; /* a power of two, or 0 */
};

void s53_diags_init(struct s53_diags *diags);
void s53_diags_fini(struct s53_diags *diags);

/*
 * Add one message. `source_line` (or NULL) is copied up to its line end. Without memory for it an
 * error is still counted. A warning is of class S53_DIAG_PLAIN; one with the text of an earlier one
 * of its class is not added again: the earlier one counts it and keeps its position in the list.
 */
void s53_diag_add(struct s53_diags *diags, enum s53_diag_kind kind, struct s53_place place,
    const char *source_line, const char *format, ...) S53_PRINTF(5, 6);

/* The same for a warning of a class. */
void s53_diag_warn(struct s53_diags *diags, enum s53_diag_class class, struct s53_place place,
    const char *source_line, const char *format, ...) S53_PRINTF(5, 6);

/*
 * The text of `format` with "..." instead of each argument, to be freed; NULL: no memory. For
 * messages about a file that not every user may read: naming a file in the configuration and
 * reading the log must not reveal its content.
 */
char *s53_diag_elide(const char *format);

/*
 * Errors and notices in the order of adding, then the warnings by class. Control characters from a
 * file are printed as "?".
 */
void s53_diags_print(const struct s53_diags *diags, FILE *out);

/* How often, and where else, for a log line: " (3 times: also a.conf:7, b.conf:9)"; or "". */
#define S53_DIAG_MORE 512
const char *s53_diag_more(const struct s53_diag *diag, char text[static S53_DIAG_MORE]);
