/* SPDX-License-Identifier: ISC
 *
 * acl.h - address match lists.
 *
 * Layer    policy
 * Threads  built by the main thread, then immutable and read by any thread
 * Memory   a list owns its elements; lists are counted with atomics, nested ones shared
 * Sources  BIND ARM, "Address Match Lists": the first element that matches decides; a negated one
 *          denies. An address that a nested list denies does not match that list, so the next
 *          element of the outer list is tried: "!{ !x; }" never allows x. No match: denied.
 */
#pragma once

#include <split53/addr.h>
#include <split53/status.h>

struct s53_acl;

/* An empty list, which matches no address. NULL: no memory. The caller owns one count. */
struct s53_acl *s53_acl_new(void);
struct s53_acl *s53_acl_keep(struct s53_acl *acl);
void s53_acl_drop(struct s53_acl *acl); /* NULL is fine */

/*
 * Append an element; S53_E_NOMEM. "any" is s53_acl_add_any(), which matches both families, and
 * "none" is the same negated. A list that is added to another must be complete, and must not
 * contain itself, directly or through other lists.
 */
S53_MUST_USE enum s53_status s53_acl_add_prefix(
    struct s53_acl *acl, bool negated, const struct s53_prefix *prefix);
S53_MUST_USE enum s53_status s53_acl_add_any(struct s53_acl *acl, bool negated);
S53_MUST_USE enum s53_status s53_acl_add_list(
    struct s53_acl *acl, bool negated, struct s53_acl *list); /* takes its own count */

/*
 * Call it when the list is complete: sequences of many prefixes get an index, so that the cost of a
 * match grows with the logarithm of their number. S53_E_NOMEM: the list is searched as before.
 */
S53_MUST_USE enum s53_status s53_acl_index(struct s53_acl *acl);

/*
 * Does the list allow `addr`? NULL allows every address. An IPv4-mapped IPv6 address matches IPv4
 * prefixes. Does not allocate.
 */
bool s53_acl_allows(const struct s53_acl *acl, const struct s53_addr *addr);

/* Does it allow no address at all, as `{ none; }`? */
bool s53_acl_is_none(const struct s53_acl *acl);
