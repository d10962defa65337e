/* SPDX-License-Identifier: ISC
 *
 * list.h - intrusive doubly linked lists, circular with a head.
 *
 * Layer    base
 * Threads  the list's owner
 * Memory   the links are members of the listed objects; nothing is allocated.
 */
#pragma once

#include <stdbool.h>

#include <split53/status.h>

struct s53_link {
	struct s53_link *prev;
	struct s53_link *next;
};

static inline void
s53_list_init(struct s53_link *head)
{
	head->prev = head->next = head;
}

static inline bool
s53_list_empty(const struct s53_link *head)
{
	return head->next == head;
}

/* Make `link` the last; s53_list_push makes it the first. */
static inline void
s53_list_append(struct s53_link *head, struct s53_link *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void
s53_list_push(struct s53_link *head, struct s53_link *link)
{
	s53_list_append(head->next, link);
}

/* Remove `link`; it becomes a list of its own, so that removing it twice is harmless. */
static inline void
s53_list_remove(struct s53_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	s53_list_init(link);
}

/* Remove and return the first link, or NULL. */
static inline struct s53_link *
s53_list_pop(struct s53_link *head)
{
	struct s53_link *first = head->next;

	if (first == head)
		return NULL;
	s53_list_remove(first);
	return first;
}

#define S53_LIST_EACH(head, it) \
	for (struct s53_link *it = (head)->next; it != (head); it = it->next)

/* The same when the body may remove `it`. */
#define S53_LIST_EACH_SAFE(head, it, following)                                       \
	for (struct s53_link *it = (head)->next, *following = it->next; it != (head); \
	     it = following, following = following->next)
