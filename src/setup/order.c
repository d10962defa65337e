/* SPDX-License-Identifier: ISC
 *
 * order.c - turns rrset-order into the list by which the records of a response are ordered.
 */
#include <string.h>

#include "builder.h"

static enum s53_order
order_of(const char *word)
{
	static const char *const words[] = { [S53_ORDER_RANDOM] = "random",
		[S53_ORDER_CYCLIC] = "cyclic",
		[S53_ORDER_FIXED] = "fixed",
		[S53_ORDER_NONE] = "none" };
	unsigned order = S53_ORDER_RANDOM;

	while (order < S53_ORDER_NONE && strcmp(words[order], word) != 0)
		order++;
	return (enum s53_order)order;
}

/* Only class IN is served: a rule for another class matches nothing. */
static bool
is_class_in(const struct s53_conf_order *rule)
{
	return rule->class_name == NULL || strcmp(rule->class_name, "IN") == 0;
}

static void
fill(struct s53_order_rule *out, const struct s53_conf_order *rule)
{
	out->type = rule->type;
	out->order = order_of(rule->order);
	out->any_name = rule->name == NULL || strcmp(rule->name, "*") == 0 ||
	    s53_name_parse(rule->name, &out->name) != S53_OK;
	if (!out->any_name)
		s53_name_lower(&out->name);
}

const struct s53_order_list *
setup_order(struct setup_builder *builder, const struct s53_conf_statement *statement)
{
	struct s53_order_list *list;
	struct s53_order_rule *rules;
	unsigned count = 0;

	if (statement == NULL || statement->value.type != S53_CONF_ORDER)
		return NULL;
	for (const struct s53_conf_order *it = statement->value.orders; it != NULL; it = it->next)
		count += is_class_in(it);
	list = builder_alloc(builder, sizeof(*list));
	rules = builder_alloc(builder, (count > 0 ? count : 1) * sizeof(*rules));
	if (list == NULL || rules == NULL)
		return NULL;
	for (const struct s53_conf_order *it = statement->value.orders; it != NULL; it = it->next)
		if (is_class_in(it))
			fill(&rules[list->count++], it);
	list->rules = rules;
	return list;
}
