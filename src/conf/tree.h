/* SPDX-License-Identifier: ISC
 *
 * tree.h - what the parser keeps about a statement beyond the public struct.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   nodes are in the configuration's arena
 */
#pragma once

#include <split53/arena.h>
#include <split53/conf.h>

#include "grammar.h"

struct conf_node {
	struct s53_conf_statement statement;
	const struct conf_rule *rule;
	bool broken; /* an error was reported in it: do not report missing parts as well */
};

struct s53_conf {
	struct s53_arena arena;
	struct s53_conf_statement *top;
	const struct s53_conf_statement *options; /* the statement, or NULL; set after parsing */
};

/* The node of a statement; the parser makes every statement as part of one. */
static inline struct conf_node *
conf_node_of(const struct s53_conf_statement *statement)
{
	return S53_CONTAINER_OF((uintptr_t)statement, struct conf_node, statement);
}

/* An empty configuration; NULL: no memory. */
struct s53_conf *conf_new(void);
