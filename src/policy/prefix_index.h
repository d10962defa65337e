/* SPDX-License-Identifier: ISC
 *
 * prefix_index.h - finds the prefix with the least value among those that contain an address.
 *
 * Layer    policy
 * Threads  built by the main thread, then immutable and read by any
 * Memory   the index owns its tables: 8 octets a range for IPv4, 20 for IPv6, at most two ranges
 *          and one more for each prefix
 *
 * Prefixes either contain one another or are disjoint, so they cut each family's addresses into
 * ranges; in each range one value is the least of all prefixes that hold it. The tables have the
 * begins of these ranges, sorted, and a look-up is one binary search. A tree of bits would need a
 * chain of dependent reads as long as the prefix, and several times the memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <split53/addr.h>

struct prefix_index;

struct prefix_entry {
	struct s53_prefix prefix;
	uint32_t value; /* less than PREFIX_INDEX_NONE */
};

#define PREFIX_INDEX_NONE UINT32_MAX

/* Sorts `entries` in place and keeps nothing of them. NULL: no memory. */
struct prefix_index *prefix_index_new(struct prefix_entry *entries, size_t count);
void prefix_index_free(struct prefix_index *index); /* NULL is fine */

/*
 * The least value of the prefixes that hold `addr` as s53_prefix_has() understands it (an
 * IPv4-mapped IPv6 address is in prefixes of both families), or PREFIX_INDEX_NONE.
 */
uint32_t prefix_index_find(const struct prefix_index *index, const struct s53_addr *addr);
