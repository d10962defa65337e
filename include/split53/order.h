/* SPDX-License-Identifier: ISC
 *
 * order.h - rrset-order: in which order the records of a set are given out.
 *
 * Layer    policy
 * Threads  built by the main thread, then immutable
 * Memory   a list is the snapshot's
 * Sources  BIND 9 ARM, "RRset Ordering": the first rule that fits decides; without any, random
 */
#pragma once

#include <split53/name.h>

enum s53_order { S53_ORDER_RANDOM, S53_ORDER_CYCLIC, S53_ORDER_FIXED, S53_ORDER_NONE };

struct s53_order_rule {
	/* Lower case; with a first label `*` it fits what is below the rest. */
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
 * NULL is an empty list. Where no rule fits: S53_ORDER_RANDOM when it is empty, else
 * S53_ORDER_NONE.
 */
enum s53_order s53_order_find(
    const struct s53_order_list *list, const struct s53_name *qname, uint16_t type);
