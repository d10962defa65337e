/* SPDX-License-Identifier: ISC
 *
 * admin.h - what the operator has said of addresses: it stays when their servers come and go.
 *
 * Layer    upstream, private to registry.c
 * Threads  under the registry's lock
 * Memory   a list, until admin_rules_fini(); zeroed it is empty
 *
 * The newest rule of an address counts, so a rule for all ports takes the place of those for single
 * ports, and a later one for a single port is an exception to it.
 */
#pragma once

#include <split53/health.h>

struct admin_rule;

struct admin_rules {
	struct admin_rule *newest;
};

/* AUTO: nothing is said of it. */
enum s53_admin admin_rules_find(const struct admin_rules *rules, const struct s53_addr *addr);

/* false: no memory, the rules are as they were. */
bool admin_rules_set(
    struct admin_rules *rules, const struct s53_addr *addr, bool any_port, enum s53_admin admin);

/* Is `addr` one that a rule of these words is about? */
bool admin_covers(const struct s53_addr *of_rule, bool any_port, const struct s53_addr *addr);

void admin_rules_fini(struct admin_rules *rules);
