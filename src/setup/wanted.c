/* SPDX-License-Identifier: ISC
 *
 * wanted.c - which addresses of this machine the listen-on rules mean.
 */
#include "builder.h"

static bool
want(const struct s53_listen_rule *rule, const struct s53_addr *addr, struct s53_addr_list *out)
{
	struct s53_addr wanted = *addr;

	if (addr->family != rule->family || !s53_acl_allows(rule->match, addr))
		return true;
	s53_addr_set_port(&wanted, rule->port);
	return s53_addr_list_has(out, &wanted) || s53_addr_list_add(out, &wanted);
}

bool
s53_listen_wanted(const struct s53_snapshot *snapshot, const struct s53_interface_addr *interfaces,
    unsigned interface_count, struct s53_addr_list *out)
{
	for (unsigned r = 0; r < snapshot->rule_count; r++) {
		const struct s53_listen_rule *rule = &snapshot->rules[r];

		for (unsigned i = 0; i < interface_count; i++)
			if (!want(rule, &interfaces[i].addr, out))
				return false;
		/*
		 * All of 127/8 can be bound, though only one address of it stands on the
		 * interface.
		 */
		for (unsigned i = 0; i < rule->named_count; i++)
			if (s53_addr_is_loopback(&rule->named[i]) &&
			    !want(rule, &rule->named[i], out))
				return false;
	}
	return true;
}
