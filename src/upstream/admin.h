/* SPDX-License-Identifier: ISC
 *
 * admin.h - the operator's rules for addresses of servers; they stay when servers are removed and
 * added.
 *
 * Layer    upstream, private to registry.c
 * Threads  under the registry's lock
 * Memory   a list, until admin_rules_fini(); zeroed it is empty
 *
 * The newest rule for an address applies: a rule for all ports replaces those for single ports, and
 * a later rule for a single port is an exception to it.
 */
#pragma once

#include <split53/health.h>

struct admin_rule;

struct admin_rules {
	struct admin_rule *newest;
};

/* AUTO: there is no rule. */
enum s53_admin admin_rules_find(const struct admin_rules *rules, const struct s53_addr *addr);

/* false: no memory, the rules are as they were. */
bool admin_rules_set(
    struct admin_rules *rules, const struct s53_addr *addr, bool any_port, enum s53_admin admin);

/* Does a rule for this address, or with `any_port`, cover `addr`? */
bool admin_covers(const struct s53_addr *of_rule, bool any_port, const struct s53_addr *addr);

void admin_rules_fini(struct admin_rules *rules);
