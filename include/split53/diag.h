/* SPDX-License-Identifier: ISC
 *
 * diag.h - what is wrong in a file, and where: all of it, not only the first.
 *
 * Layer    base: the configuration's and the zone files' messages are of one kind
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
	unsigned column; /* from 1, in octets; 0: unknown */
};

enum s53_diag_kind { S53_DIAG_ERROR, S53_DIAG_WARNING, S53_DIAG_NOTICE };

struct s53_diag {
	struct s53_diag *next;
	enum s53_diag_kind kind;
	struct s53_place place; /* file copied into the diag */
	char *text;
	char *source_line; /* the line of the file, or NULL */
};

struct s53_diags {
	struct s53_diag *first; /* in the order of adding */
	struct s53_diag **last;
	unsigned error_count;
	unsigned warning_count;
};

void s53_diags_init(struct s53_diags *diags);
void s53_diags_fini(struct s53_diags *diags);

/*
 * Add one message. `source_line` (or NULL) is copied up to its line end. Lack of memory counts the
 * error all the same.
 */
void s53_diag_add(struct s53_diags *diags, enum s53_diag_kind kind, struct s53_place place,
    const char *source_line, const char *format, ...) S53_PRINTF(5, 6);

/*
 * A message of printf's form with "..." in place of each argument, to be freed; NULL: no memory.
 * For messages about a file that not every user may read: naming a file in the
 * configuration and reading the log must not reveal its content.
 */
char *s53_diag_elide(const char *format);

/* In the order of adding. Control characters out of a file are printed as "?". */
void s53_diags_print(const struct s53_diags *diags, FILE *out);
