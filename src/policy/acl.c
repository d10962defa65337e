/* SPDX-License-Identifier: ISC
 *
 * acl.c - see acl.h.
 *
 * Few elements are compared one after another. A long run of prefixes is replaced by an index
 * (prefix_index.h), in which the value of a prefix says which place it has in the list and whether
 * it is negated, so that the least value is the first match. A list inside a list stays one
 * element, as lists are shared and a copy in each would multiply the large ones; only the small
 * ones without negation dissolve into the list around them, as they do in BIND.
 */
#include <split53/acl.h>

#include <stdatomic.h>
#include <stdlib.h>

#include "prefix_index.h"

enum kind { PREFIX, ANY, NESTED, INDEX };

struct element {
	enum kind kind;
	bool negated; /* INDEX: all of its prefixes are */
	union {
		struct s53_prefix prefix;
		struct s53_acl *list;
		struct prefix_index *index;
	};
};

#define RUN_MIN 16 /* prefixes, from which an index is cheaper than comparing */
#define DISSOLVE_MAX 8 /* elements */

struct s53_acl {
	_Atomic unsigned count;
	unsigned element_count, room;
	struct element *elements;
};

struct s53_acl *
s53_acl_new(void)
{
	struct s53_acl *acl = calloc(1, sizeof(*acl));

	if (acl != NULL)
		atomic_init(&acl->count, 1);
	return acl;
}

struct s53_acl *
s53_acl_keep(struct s53_acl *acl)
{
	atomic_fetch_add_explicit(&acl->count, 1, memory_order_relaxed);
	return acl;
}

void
s53_acl_drop(struct s53_acl *acl)
{
	if (acl == NULL || atomic_fetch_sub_explicit(&acl->count, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < acl->element_count; i++) {
		if (acl->elements[i].kind == NESTED)
			s53_acl_drop(acl->elements[i].list);
		else if (acl->elements[i].kind == INDEX)
			prefix_index_free(acl->elements[i].index);
	}
	free(acl->elements);
	free(acl);
}

/* The next element, to be filled in; NULL: no memory. */
static struct element *
append(struct s53_acl *acl, enum kind kind, bool negated)
{
	struct element *element;

	if (acl->element_count == acl->room) {
		unsigned room = acl->room == 0 ? 4 : 2 * acl->room;
		struct element *more = reallocarray(acl->elements, room, sizeof(*more));

		if (more == NULL)
			return NULL;
		acl->elements = more;
		acl->room = room;
	}
	element = &acl->elements[acl->element_count++];
	*element = (struct element){ .kind = kind, .negated = negated };
	return element;
}

enum s53_status
s53_acl_add_prefix(struct s53_acl *acl, bool negated, const struct s53_prefix *prefix)
{
	struct element *element = append(acl, PREFIX, negated);

	if (element == NULL)
		return S53_E_NOMEM;
	element->prefix = *prefix;
	return S53_OK;
}

enum s53_status
s53_acl_add_any(struct s53_acl *acl, bool negated)
{
	return append(acl, ANY, negated) == NULL ? S53_E_NOMEM : S53_OK;
}

/* Does the list mean the same when its elements are part of the list around it? */
static bool
may_dissolve(const struct s53_acl *list)
{
	if (list->element_count > DISSOLVE_MAX)
		return false;
	for (unsigned i = 0; i < list->element_count; i++)
		if (list->elements[i].negated || list->elements[i].kind > ANY)
			return false;
	return true;
}

enum s53_status
s53_acl_add_list(struct s53_acl *acl, bool negated, struct s53_acl *list)
{
	struct element *element;

	if (may_dissolve(list)) {
		for (unsigned i = 0; i < list->element_count; i++) {
			element = append(acl, list->elements[i].kind, negated);
			if (element == NULL)
				return S53_E_NOMEM;
			*element = list->elements[i];
			element->negated = negated;
		}
		return S53_OK;
	}
	element = append(acl, NESTED, negated);
	if (element == NULL)
		return S53_E_NOMEM;
	element->list = s53_acl_keep(list);
	return S53_OK;
}

/* Replace `count` prefixes from `run` on by an index, which becomes the first of them. */
static enum s53_status
index_run(struct element *run, unsigned count)
{
	struct prefix_entry *entries = reallocarray(NULL, count, sizeof(*entries));
	struct prefix_index *index;
	bool negated = true;

	if (entries == NULL)
		return S53_E_NOMEM;
	for (unsigned i = 0; i < count; i++) {
		entries[i].prefix = run[i].prefix;
		entries[i].value = 2 * i + run[i].negated;
		negated = negated && run[i].negated;
	}
	index = prefix_index_new(entries, count);
	free(entries);
	if (index == NULL)
		return S53_E_NOMEM;
	*run = (struct element){ .kind = INDEX, .negated = negated, .index = index };
	return S53_OK;
}

/* How many prefixes stand together from `at` on? */
static unsigned
run_length(const struct s53_acl *acl, unsigned at)
{
	unsigned end = at;

	while (end < acl->element_count && acl->elements[end].kind == PREFIX)
		end++;
	return end - at;
}

enum s53_status
s53_acl_index(struct s53_acl *acl)
{
	enum s53_status status = S53_OK;
	struct element *smaller;
	unsigned kept = 0;

	for (unsigned at = 0, taken; at < acl->element_count; at += taken) {
		struct element *element = &acl->elements[at];

		taken = status == S53_OK ? run_length(acl, at) : 0;
		if (taken < RUN_MIN || (status = index_run(element, taken)) != S53_OK)
			taken = 1;
		acl->elements[kept++] = *element;
	}
	acl->element_count = kept;
	smaller = kept == 0 ? NULL : reallocarray(acl->elements, kept, sizeof(*smaller));
	if (smaller != NULL) {
		acl->elements = smaller;
		acl->room = kept;
	}
	return status;
}

/*
 * The first element that matches decides. A nested list matches only addresses that it allows; for
 * those that it denies the next element is tried, so that "!{ !x; }" never allows x (BIND ARM,
 * "Address Match Lists").
 */
static bool
allows(const struct s53_acl *acl, const struct s53_addr *addr)
{
	for (size_t i = 0; i < acl->element_count; i++) {
		const struct element *element = &acl->elements[i];
		bool match = true;
		uint32_t value;

		switch (element->kind) {
		case PREFIX:
			match = s53_prefix_has(&element->prefix, addr);
			break;
		case ANY:
			break;
		case NESTED:
			match = allows(element->list, addr);
			break;
		case INDEX:
			value = prefix_index_find(element->index, addr);
			if (value != PREFIX_INDEX_NONE)
				return value % 2 == 0;
			match = false;
			break;
		}
		if (match)
			return !element->negated;
	}
	return false;
}

bool
s53_acl_allows(const struct s53_acl *acl, const struct s53_addr *addr)
{
	return acl == NULL || allows(acl, addr);
}

bool
s53_acl_is_none(const struct s53_acl *acl)
{
	for (size_t i = 0; acl != NULL && i < acl->element_count; i++) {
		const struct element *element = &acl->elements[i];

		if (element->kind == ANY)
			return element->negated; /* decides for all remaining addresses */
		if (!element->negated &&
		    (element->kind != NESTED || !s53_acl_is_none(element->list)))
			return false;
	}
	return acl != NULL;
}
