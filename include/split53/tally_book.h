/* SPDX-License-Identifier: ISC
 *
 * tally_book.h - assigns each zone the number of its counters (tally.h).
 *
 * Layer    stats
 * Threads  main thread
 * Memory   the book owns the names, some 150 bytes for each zone; an entry, its texts included,
 *          stays as long as the book. Known routes allocate nothing
 *
 * A zone keeps its number over reloads, also if it is removed and added again, so its counters
 * continue. A number is never given to another zone. When S53_TALLY_NUMBERS are used up, new zones
 * have number 0, and are counted together. The built-in zones of a view have one number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct s53_policy;
struct s53_tally_book;

enum s53_zone_kind {
	S53_ZONE_OTHER, /* number 0 */
	S53_ZONE_FORWARD,
	S53_ZONE_LOCAL, /* from a file */
	S53_ZONE_BUILTIN, /* all built-in zones of a view */
};

struct s53_tally_name {
	const char *view, *zone; /* of the configuration; BUILTIN and OTHER: "" */
	const char *labels; /* both and the kind, as labels of Prometheus */
	const char *view_labels; /* the view alone */
	enum s53_zone_kind kind;
	bool current; /* it is in the policy in force */
};

/* NULL: no memory. */
struct s53_tally_book *s53_tally_book_new(void);
void s53_tally_book_free(struct s53_tally_book *book); /* NULL is fine */

/*
 * Set the number of each route of `policy`, before another thread uses the policy. Without memory a
 * new zone gets number 0.
 */
void s53_tally_book_use(struct s53_tally_book *book, struct s53_policy *policy);

/* Numbers that are used: from 0 to one less than this. */
uint32_t s53_tally_book_count(const struct s53_tally_book *book);
const struct s53_tally_name *s53_tally_book_name(
    const struct s53_tally_book *book, uint32_t number);

/* "forward", "local", "builtin", "other" */
const char *s53_zone_kind_name(enum s53_zone_kind kind);
