/* SPDX-License-Identifier: ISC
 *
 * admin.c - see admin.h.
 */
#include "admin.h"

#include <stdlib.h>

struct admin_rule {
	struct admin_rule *older;
	struct s53_addr addr;
	bool any_port;
	enum s53_admin admin;
};

bool
admin_covers(const struct s53_addr *of_rule, bool any_port, const struct s53_addr *addr)
{
	return any_port ? s53_addr_same_host(of_rule, addr) : s53_addr_equal(of_rule, addr);
}

enum s53_admin
admin_rules_find(const struct admin_rules *rules, const struct s53_addr *addr)
{
	for (const struct admin_rule *it = rules->newest; it != NULL; it = it->older)
		if (admin_covers(&it->addr, it->any_port, addr))
			return it->admin;
	return S53_ADMIN_AUTO;
}

/* Remove the rules that a new one repeats or replaces. */
static void
remove_covered(struct admin_rules *rules, const struct s53_addr *addr, bool any_port)
{
	struct admin_rule **at = &rules->newest;

	while (*at != NULL) {
		struct admin_rule *rule = *at;

		if (admin_covers(addr, any_port, &rule->addr) && (any_port || !rule->any_port)) {
			*at = rule->older;
			free(rule);
		} else {
			at = &rule->older;
		}
	}
}

bool
admin_rules_set(
    struct admin_rules *rules, const struct s53_addr *addr, bool any_port, enum s53_admin admin)
{
	struct admin_rule *rule = malloc(sizeof(*rule));

	if (rule == NULL)
		return false;
	remove_covered(rules, addr, any_port);
	if (admin_rules_find(rules, addr) == admin) { /* the same as without a rule */
		free(rule);
		return true;
	}
	*rule = (struct admin_rule){ rules->newest, *addr, any_port, admin };
	rules->newest = rule;
	return true;
}

void
admin_rules_fini(struct admin_rules *rules)
{
	struct admin_rule *rule;

	while ((rule = rules->newest) != NULL) {
		rules->newest = rule->older;
		free(rule);
	}
}
