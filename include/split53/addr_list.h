/* SPDX-License-Identifier: ISC
 *
 * addr_list.h - growing lists of addresses with ports.
 *
 * Layer    base
 * Threads  one owner at a time
 * Memory   a zeroed list is empty; s53_addr_list_fini() frees its memory
 */
#pragma once

#include <split53/addr.h>

struct s53_addr_list {
	struct s53_addr *addrs; /* malloc'ed */
	unsigned count, room;
};

/* Append a copy; false: no memory, and the list is unchanged. */
bool s53_addr_list_add(struct s53_addr_list *list, const struct s53_addr *addr);
bool s53_addr_list_has(const struct s53_addr_list *list, const struct s53_addr *addr);
void s53_addr_list_fini(struct s53_addr_list *list);
