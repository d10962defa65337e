/* SPDX-License-Identifier: ISC
 *
 * tree.h - what the parser knows of a clause beyond what it hands out.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   nodes live in the configuration's arena
 */
#pragma once

#include <split53/arena.h>
#include <split53/conf.h>

#include "grammar.h"

struct conf_node {
	struct s53_conf_clause clause;
	const struct conf_rule *rule;
	bool broken; /* something within was reported: what seems missing may be what was wrong */
};

struct s53_conf {
	struct s53_arena arena;
	struct s53_conf_clause *top;
	const struct s53_conf_clause *options; /* its statement, or NULL; set after parsing */
};

/* The node around a clause that the parser made: all of them. */
static inline struct conf_node *
conf_node_of(const struct s53_conf_clause *clause)
{
	return S53_CONTAINER_OF((uintptr_t)clause, struct conf_node, clause);
}

/* An empty configuration; NULL: no memory. */
struct s53_conf *conf_new(void);
