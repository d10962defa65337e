/* SPDX-License-Identifier: ISC
 *
 * addr_list.c - growing lists of addresses with ports.
 */
#include <split53/addr_list.h>

#include <stdlib.h>
#include <string.h>

bool
s53_addr_list_add(struct s53_addr_list *list, const struct s53_addr *addr)
{
	if (list->count == list->room) {
		unsigned room = list->room == 0 ? 8 : 2 * list->room;
		struct s53_addr *addrs = realloc(list->addrs, room * sizeof(*addrs));

		if (addrs == NULL)
			return false;
		list->addrs = addrs;
		list->room = room;
	}
	list->addrs[list->count++] = *addr;
	return true;
}

bool
s53_addr_list_has(const struct s53_addr_list *list, const struct s53_addr *addr)
{
	for (unsigned i = 0; i < list->count; i++)
		if (s53_addr_equal(&list->addrs[i], addr))
			return true;
	return false;
}

void
s53_addr_list_fini(struct s53_addr_list *list)
{
	free(list->addrs);
	memset(list, 0, sizeof(*list));
}
