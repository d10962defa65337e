/* SPDX-License-Identifier: ISC
 *
 * order.c - which rule of rrset-order applies to a name and type.
 */
#include <split53/order.h>

#include <string.h>

/* `*.example` matches what is below example, but not example itself. */
static bool
fits_below(const struct s53_name *name, const struct s53_name *wildcard)
{
	struct s53_name rest = s53_name_ancestor(wildcard, 1);

	return name->len > rest.len && s53_name_is_at_or_below(name, &rest);
}

static bool
is_wildcard(const struct s53_name *name)
{
	return name->len > 2 && name->octets[0] == 1 && name->octets[1] == '*';
}

static bool
fits(const struct s53_order_rule *rule, const struct s53_name *name, uint16_t type)
{
	if (rule->type != 0 && rule->type != type)
		return false;
	if (rule->any_name)
		return true;
	return is_wildcard(&rule->name) ? fits_below(name, &rule->name)
					: s53_name_equal(name, &rule->name);
}

enum s53_order
s53_order_find(const struct s53_order_list *list, const struct s53_name *qname, uint16_t type)
{
	if (list == NULL || list->count == 0)
		return S53_ORDER_RANDOM;
	for (unsigned i = 0; i < list->count; i++)
		if (fits(&list->rules[i], qname, type))
			return list->rules[i].order;
	return S53_ORDER_NONE;
}
