/* SPDX-License-Identifier: ISC
 *
 * acl.c - see acl.h.
 */
#include <split53/acl.h>

#include <stdatomic.h>
#include <stdlib.h>

enum kind { PREFIX, ANY, NESTED };

struct element {
	enum kind kind;
	bool negated;
	union {
		struct s53_prefix prefix;
		struct s53_acl *list;
	};
};

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
	for (unsigned i = 0; i < acl->element_count; i++)
		if (acl->elements[i].kind == NESTED)
			s53_acl_drop(acl->elements[i].list);
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

enum s53_status
s53_acl_add_list(struct s53_acl *acl, bool negated, struct s53_acl *list)
{
	struct element *element = append(acl, NESTED, negated);

	if (element == NULL)
		return S53_E_NOMEM;
	element->list = s53_acl_keep(list);
	return S53_OK;
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
		bool match = element->kind == ANY ||
		    (element->kind == PREFIX ? s53_prefix_has(&element->prefix, addr)
					     : allows(element->list, addr));

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
		    (element->kind == PREFIX || !s53_acl_is_none(element->list)))
			return false;
	}
	return acl != NULL;
}
