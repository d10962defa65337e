/* SPDX-License-Identifier: ISC
 *
 * prefix_index.c - see prefix_index.h.
 */
#include "prefix_index.h"

#include <stdlib.h>
#include <string.h>

/* An address as a number; an IPv4 address is in the upper half of `hi`. */
struct point {
	uint64_t hi, lo;
};

/*
 * values[i] applies to the addresses from the i-th begin up to the next one; the first begin is 0.
 */
struct prefix_index {
	size_t count4, count6;
	uint32_t *begins4, *values4;
	struct point *begins6;
	uint32_t *values6;
};

/* The state while the ranges of one family are built: the prefixes that contain the current one. */
struct sweep {
	size_t count;
	struct point *begins;
	uint32_t *values;
	unsigned depth;
	struct {
		struct point after; /* the first address after the prefix */
		bool last; /* there is none after it */
		uint32_t value;
	} around[130]; /* each is longer than the one before: /0 to /128 */
};

static uint32_t
read32(const uint8_t octets[static 4])
{
	return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
	    octets[3];
}

static struct point
point_of(const uint8_t octets[static 16])
{
	return (struct point){
		.hi = (uint64_t)read32(octets) << 32 | read32(octets + 4),
		.lo = (uint64_t)read32(octets + 8) << 32 | read32(octets + 12),
	};
}

static bool
is_less(struct point a, struct point b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

/* The first address after a prefix; false: the prefix ends at the last address. */
static bool
point_after(const struct s53_prefix *prefix, struct point *out)
{
	struct point after = point_of(prefix->octets);

	if (prefix->bits == 0)
		return false;
	if (prefix->bits <= 64) {
		after.hi += (uint64_t)1 << (64 - prefix->bits);
	} else {
		after.lo += (uint64_t)1 << (128 - prefix->bits);
		after.hi += after.lo == 0; /* the carry */
	}
	*out = after;
	return after.hi != 0 || after.lo != 0;
}

static int
compare_entries(const void *left, const void *right)
{
	const struct prefix_entry *a = left, *b = right;
	int order = memcmp(a->prefix.octets, b->prefix.octets, sizeof(a->prefix.octets));

	if (a->prefix.family != b->prefix.family)
		return a->prefix.family == AF_INET ? -1 : 1;
	if (order != 0)
		return order;
	if (a->prefix.bits != b->prefix.bits)
		return a->prefix.bits < b->prefix.bits ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

/* Addresses from `begin` on have `value`. Begins are ascending; of equal ones the last applies. */
static void
begin_range(struct sweep *sweep, struct point begin, uint32_t value)
{
	if (!is_less(sweep->begins[sweep->count - 1], begin))
		sweep->count--;
	if (sweep->count > 0 && sweep->values[sweep->count - 1] == value)
		return; /* same range */
	sweep->begins[sweep->count] = begin;
	sweep->values[sweep->count++] = value;
}

static uint32_t
value_around(const struct sweep *sweep)
{
	return sweep->depth == 0 ? PREFIX_INDEX_NONE : sweep->around[sweep->depth - 1].value;
}

/* Leave the prefixes that end before `next`, or all. */
static void
leave(struct sweep *sweep, const struct point *next)
{
	while (sweep->depth > 0) {
		struct point after = sweep->around[sweep->depth - 1].after;
		bool last = sweep->around[sweep->depth - 1].last;

		if (next != NULL && (last || is_less(*next, after)))
			return;
		sweep->depth--;
		if (!last)
			begin_range(sweep, after, value_around(sweep));
	}
}

/* The ranges of `count` sorted prefixes of one family. False: no memory. */
static bool
sweep_over(struct sweep *sweep, const struct prefix_entry *entries, size_t count)
{
	sweep->depth = 0;
	sweep->begins = reallocarray(NULL, 2 * count + 1, sizeof(*sweep->begins));
	sweep->values = reallocarray(NULL, 2 * count + 1, sizeof(*sweep->values));
	if (sweep->begins == NULL || sweep->values == NULL)
		return false;
	sweep->begins[0] = (struct point){ 0, 0 };
	sweep->values[0] = PREFIX_INDEX_NONE;
	sweep->count = 1;
	for (size_t i = 0; i < count; i++) {
		struct point begin = point_of(entries[i].prefix.octets);

		leave(sweep, &begin);
		if (entries[i].value >= value_around(sweep))
			continue; /* a prefix around this one always comes first */
		sweep->around[sweep->depth].last =
		    !point_after(&entries[i].prefix, &sweep->around[sweep->depth].after);
		sweep->around[sweep->depth++].value = entries[i].value;
		begin_range(sweep, begin, entries[i].value);
	}
	leave(sweep, NULL);
	return true;
}

/* Copy the first `count` elements into memory of just that size. */
static void *
shrink(void *array, size_t count, size_t size)
{
	void *smaller = reallocarray(array, count, size);

	return smaller != NULL ? smaller : array;
}

static bool
take_ipv4(struct prefix_index *index, struct sweep *sweep)
{
	index->begins4 = reallocarray(NULL, sweep->count, sizeof(*index->begins4));
	if (index->begins4 == NULL)
		return false;
	for (size_t i = 0; i < sweep->count; i++)
		index->begins4[i] = (uint32_t)(sweep->begins[i].hi >> 32);
	index->values4 = shrink(sweep->values, sweep->count, sizeof(*sweep->values));
	index->count4 = sweep->count;
	sweep->values = NULL;
	return true;
}

static void
take_ipv6(struct prefix_index *index, struct sweep *sweep)
{
	index->begins6 = shrink(sweep->begins, sweep->count, sizeof(*sweep->begins));
	index->values6 = shrink(sweep->values, sweep->count, sizeof(*sweep->values));
	index->count6 = sweep->count;
	sweep->begins = NULL;
	sweep->values = NULL;
}

struct prefix_index *
prefix_index_new(struct prefix_entry *entries, size_t count)
{
	struct prefix_index *index = calloc(1, sizeof(*index)), *done = NULL;
	struct sweep sweep4 = { 0 }, sweep6 = { 0 };
	size_t ipv4 = 0;

	if (index == NULL)
		return NULL;
	qsort(entries, count, sizeof(*entries), compare_entries);
	while (ipv4 < count && entries[ipv4].prefix.family == AF_INET)
		ipv4++;
	if (sweep_over(&sweep4, entries, ipv4) && take_ipv4(index, &sweep4) &&
	    sweep_over(&sweep6, entries + ipv4, count - ipv4)) {
		take_ipv6(index, &sweep6);
		done = index;
		index = NULL;
	}
	free(sweep4.begins);
	free(sweep4.values);
	free(sweep6.begins);
	free(sweep6.values);
	prefix_index_free(index);
	return done;
}

void
prefix_index_free(struct prefix_index *index)
{
	if (index == NULL)
		return;
	free(index->begins4);
	free(index->values4);
	free(index->begins6);
	free(index->values6);
	free(index);
}

static uint32_t
find_ipv4(const struct prefix_index *index, const uint8_t octets[static 4])
{
	uint32_t address = read32(octets);
	size_t at = 0;

	for (size_t left = index->count4, half; left > 1; left -= half) {
		half = left / 2;
		at += index->begins4[at + half] <= address ? half : 0;
	}
	return index->values4[at];
}

static uint32_t
find_ipv6(const struct prefix_index *index, const uint8_t octets[static 16])
{
	struct point address = point_of(octets);
	size_t at = 0;

	for (size_t left = index->count6, half; left > 1; left -= half) {
		half = left / 2;
		at += is_less(address, index->begins6[at + half]) ? 0 : half;
	}
	return index->values6[at];
}

uint32_t
prefix_index_find(const struct prefix_index *index, const struct s53_addr *addr)
{
	size_t len;
	const uint8_t *octets = s53_addr_octets(addr, &len);
	uint32_t inside, outside;

	if (octets == NULL)
		return PREFIX_INDEX_NONE;
	if (len == 4)
		return find_ipv4(index, octets);
	outside = find_ipv6(index, octets);
	if (!IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr))
		return outside;
	inside = find_ipv4(index, octets + 12); /* RFC 4291 s2.5.5.2 */
	return inside < outside ? inside : outside;
}
