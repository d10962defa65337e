/* SPDX-License-Identifier: ISC
 *
 * order.h - rrset-order: in which order responses have the records of an RRset.
 *
 * Layer    policy
 * Threads  built by the main thread, then immutable
 * Memory   a list is the snapshot's
 * Sources  BIND 9 ARM, "RRset Ordering": the first rule that matches decides; without rules, random
 */
#pragma once

#include <split53/name.h>

enum s53_order { S53_ORDER_RANDOM, S53_ORDER_CYCLIC, S53_ORDER_FIXED, S53_ORDER_NONE };

struct s53_order_rule {
	/* Lower case; if the first label is `*`, it matches all names below the rest. */
	struct s53_name name;
	bool any_name;
	uint16_t type; /* 0: any */
	enum s53_order order;
};

struct s53_order_list {
	unsigned count;
	const struct s53_order_rule *rules; /* in the order of the file */
};

/*
 * NULL is an empty list. Where no rule matches: S53_ORDER_RANDOM when the list is empty, else
 * S53_ORDER_NONE.
 */
enum s53_order s53_order_find(
    const struct s53_order_list *list, const struct s53_name *qname, uint16_t type);
