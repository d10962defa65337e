/* SPDX-License-Identifier: ISC
 *
 * test_acl_model.c - random address match lists, held against a matcher that compares one element
 * after another, as BIND's manual describes it. S53_SEED=N repeats a run that failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/acl.h>
#include <split53/rand.h>

#define LISTS 250
#define ADDRESSES 400 /* for each list: 100,000 in all */
#define DEEPEST 4

/* One element as the test understands it. */
struct model {
	enum { PREFIX, ANY, LIST } kind;
	bool negated;
	struct s53_prefix prefix;
	struct model *elements; /* LIST */
	unsigned count;
};

static bool
model_allows(const struct model *list, const struct s53_addr *addr)
{
	for (unsigned i = 0; i < list->count; i++) {
		const struct model *element = &list->elements[i];
		bool match = element->kind == ANY ||
		    (element->kind == PREFIX ? s53_prefix_has(&element->prefix, addr)
					     : model_allows(element, addr));

		if (match)
			return !element->negated;
	}
	return false;
}

static void
model_free(struct model *list)
{
	for (unsigned i = 0; i < list->count; i++)
		model_free(&list->elements[i]);
	free(list->elements);
}

static bool
one_in(unsigned count)
{
	return s53_rand_below(count) == 0;
}

/* Few values for each octet, so that prefixes meet, contain one another and touch the ends. */
static uint8_t
octet(void)
{
	static const uint8_t few[] = { 0, 1, 2, 127, 128, 254, 255 };

	return few[s53_rand_below(sizeof(few))];
}

static struct s53_prefix
random_prefix(void)
{
	struct s53_prefix prefix = { .family = one_in(2) ? AF_INET : AF_INET6 };
	unsigned len = prefix.family == AF_INET ? 4 : 16;

	if (one_in(20))
		prefix.bits = 0;
	else
		prefix.bits = (uint8_t)(one_in(2) ? len * 8 : s53_rand_below(len * 8 + 1));
	for (unsigned i = 0; i < len; i++)
		prefix.octets[i] = octet();
	if (len == 16 && one_in(2)) /* mostly the same network, and that of the mapped addresses */
		memset(prefix.octets, 0, one_in(2) ? 12 : 14);
	if (len == 16 && one_in(4))
		memcpy(prefix.octets, (uint8_t[12]){ [10] = 255, [11] = 255 }, 12);
	for (unsigned bit = prefix.bits; bit < len * 8; bit++)
		prefix.octets[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return prefix;
}

/* A list of up to `most` elements, in the model and as an access list. */
static struct s53_acl *
random_list(struct model *list, unsigned most, unsigned depth)
{
	struct s53_acl *acl = s53_acl_new();
	bool all_negated = one_in(10), none_negated = one_in(4);
	unsigned lists_one_in = 2 + s53_rand_below(60);

	assert_non_null(acl);
	list->count = s53_rand_below(most + 1);
	list->elements = calloc(list->count + 1, sizeof(*list->elements));
	for (unsigned i = 0; i < list->count; i++) {
		struct model *element = &list->elements[i];

		element->negated = !none_negated && (all_negated || one_in(3));
		if (depth > 0 && one_in(lists_one_in)) {
			struct s53_acl *inner;

			element->kind = LIST;
			inner = random_list(element, one_in(2) ? 4 : 60, depth - 1);
			assert_int_equal(s53_acl_add_list(acl, element->negated, inner), S53_OK);
			s53_acl_drop(inner);
		} else if (one_in(500)) {
			element->kind = ANY;
			assert_int_equal(s53_acl_add_any(acl, element->negated), S53_OK);
		} else {
			element->kind = PREFIX;
			element->prefix = random_prefix();
			assert_int_equal(
			    s53_acl_add_prefix(acl, element->negated, &element->prefix), S53_OK);
		}
	}
	assert_int_equal(s53_acl_index(acl), S53_OK);
	return acl;
}

/* A prefix somewhere in the list; false: there was none. */
static bool
prefix_of(const struct model *list, struct s53_prefix *out)
{
	while (list->count > 0) {
		const struct model *element = &list->elements[s53_rand_below(list->count)];

		if (element->kind == ANY)
			return false;
		if (element->kind == PREFIX) {
			*out = element->prefix;
			return true;
		}
		list = element;
	}
	return false;
}

/* The first or last address of a prefix, or the one beside it. */
static void
to_an_edge(struct s53_prefix *prefix, unsigned len)
{
	unsigned side = s53_rand_below(4);

	if (side >= 2) /* the last */
		for (unsigned bit = prefix->bits; bit < len * 8; bit++)
			prefix->octets[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	for (unsigned i = len; i-- > 0 && side % 2 == 1;) { /* beyond it */
		prefix->octets[i] = (uint8_t)(prefix->octets[i] + (side == 3 ? 1 : -1));
		if (prefix->octets[i] != (side == 3 ? 0 : 255))
			break;
	}
}

static struct s53_addr
random_address(const struct model *list)
{
	struct s53_prefix prefix = random_prefix();
	struct s53_addr addr = { .family = AF_INET6 };
	unsigned len;

	if (!one_in(4) && prefix_of(list, &prefix))
		to_an_edge(&prefix, prefix.family == AF_INET ? 4 : 16);
	len = prefix.family == AF_INET ? 4 : 16;
	if (len == 16) {
		memcpy(&addr.in6.sin6_addr, prefix.octets, 16);
	} else if (one_in(4)) { /* mapped */
		memset(&addr.in6.sin6_addr.s6_addr[10], 0xff, 2);
		memcpy(&addr.in6.sin6_addr.s6_addr[12], prefix.octets, 4);
	} else {
		addr = (struct s53_addr){ .family = AF_INET };
		memcpy(&addr.in.sin_addr, prefix.octets, 4);
	}
	return addr;
}

static void
an_index_decides_as_comparing_each_element_does(void **state)
{
	const char *text = getenv("S53_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : s53_rand_u64();
	unsigned allowed = 0;

	(void)state;
	s53_rand_test_seed(seed);
	for (unsigned i = 0; i < LISTS; i++) {
		struct model list = { .kind = LIST };
		struct s53_acl *acl = random_list(&list, one_in(2) ? 1000 : 40, DEEPEST);

		for (unsigned j = 0; j < ADDRESSES; j++) {
			struct s53_addr addr = random_address(&list);
			bool expected = model_allows(&list, &addr);
			char name[S53_ADDR_TEXT];

			allowed += expected;
			if (s53_acl_allows(acl, &addr) != expected)
				fail_msg("S53_SEED=%llu: list %u, address %s: expected %d",
				    (unsigned long long)seed, i, s53_addr_print_host(&addr, name),
				    expected);
		}
		s53_acl_drop(acl);
		model_free(&list);
	}
	assert_in_range(allowed, LISTS * ADDRESSES / 10, LISTS * ADDRESSES * 9 / 10);
}

/* Compared one after another they take 10^10 comparisons: more than the time limit of the test. */
static void
each_of_many_elements_is_found(void **state)
{
	enum { COUNT = 100000 };
	struct s53_acl *acl = s53_acl_new();
	struct s53_prefix prefix = { .family = AF_INET, .bits = 32 };
	struct s53_addr addr = { .family = AF_INET };

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		uint32_t octets = htonl(0x0a000000 + 2 * i); /* each second address of 10/8 */

		memcpy(prefix.octets, &octets, 4);
		assert_int_equal(s53_acl_add_prefix(acl, i % 3 == 0, &prefix), S53_OK);
	}
	assert_int_equal(s53_acl_index(acl), S53_OK);
	for (unsigned i = 0; i < 2 * COUNT; i++) {
		addr.in.sin_addr.s_addr = htonl(0x0a000000 + i);
		assert_int_equal(s53_acl_allows(acl, &addr), i % 2 == 0 && i / 2 % 3 != 0);
	}
	s53_acl_drop(acl);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_decides_as_comparing_each_element_does),
		cmocka_unit_test(each_of_many_elements_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
