/* SPDX-License-Identifier: ISC
 *
 * test_cache_ring.c - the ring of blocks: they leave at the tail in the order in which they were
 * appended, whole.
 */
#include "unit/wire/octets.h"

#include "cache/ring.h"

#include <split53/rand.h>

#define SIZE 4096
#define BLOCKS (SIZE / 8)

struct expected {
	uint32_t tag;
	size_t size;
};

static struct expected queue[1 << 16]; /* what must be in the ring, from `first` to `last` */
static size_t first, last;
static _Alignas(8) uint8_t memory[SIZE];

static void
write_block(struct s53_entry *entry, uint32_t tag)
{
	size_t size = s53_entry_size(entry);

	entry->message_len = 1;
	entry->tag = tag;
	memset((uint8_t *)entry + 8, (int)(tag & 0xff), size - 8);
}

static void
assert_block(const struct s53_entry *entry, const struct expected *as)
{
	const uint8_t *octets = (const uint8_t *)entry;

	assert_int_equal(entry->tag, as->tag);
	assert_int_equal(s53_entry_size(entry), as->size);
	assert_true(octets >= memory && octets + as->size <= memory + SIZE);
	for (size_t i = 8; i < as->size; i++)
		assert_int_equal(octets[i], as->tag & 0xff);
}

static void
skip_dead(struct s53_ring *ring)
{
	while (!s53_ring_is_empty(ring) && s53_entry_is_dead(s53_ring_tail(ring)))
		s53_ring_pop(ring);
}

static void
take(struct s53_ring *ring)
{
	skip_dead(ring);
	assert_false(s53_ring_is_empty(ring));
	assert_block(s53_ring_tail(ring), &queue[first++]);
	s53_ring_pop(ring);
}

static void
blocks_leave_in_order_and_go_around_when_requeued(void **state)
{
	struct s53_ring ring = { .base = memory, .size = SIZE };
	uint32_t tag = 0;

	(void)state;
	s53_rand_test_seed(1);
	for (unsigned step = 0; step < 60000 && last < sizeof(queue) / sizeof(*queue); step++) {
		size_t size = 8 * (1 + s53_rand_below(s53_rand_below(20) == 0 ? BLOCKS : 20));

		skip_dead(&ring);
		if (first < last && s53_rand_below(4) == 0) {
			struct s53_entry *to;

			queue[last] = queue[first++];
			to = s53_ring_requeue(&ring);
			assert_block(to, &queue[last++]);
		} else {
			while (!s53_ring_has_room(&ring, size))
				take(&ring);
			queue[last] = (struct expected){ .tag = ++tag, .size = size };
			write_block(s53_ring_append(&ring, size), queue[last++].tag);
		}
		assert_true(ring.head - ring.tail <= SIZE);
		assert_int_equal(ring.head % SIZE, ring.head_at);
		assert_int_equal(ring.tail % SIZE, ring.tail_at);
		assert_true(ring.touched <= SIZE);
	}
	while (first < last)
		take(&ring);
}

static void
an_empty_ring_has_space_for_a_block_of_its_size(void **state)
{
	struct s53_ring ring = { .base = memory, .size = SIZE };

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_true(s53_ring_has_room(&ring, 8 * (i + 1)));
		s53_ring_append(&ring, 8 * (i + 1));
		s53_ring_pop(&ring);
		assert_true(s53_ring_has_room(&ring, SIZE));
		s53_ring_append(&ring, SIZE);
		assert_false(s53_ring_has_room(&ring, 8));
		s53_ring_pop(&ring);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_leave_in_order_and_go_around_when_requeued),
		cmocka_unit_test(an_empty_ring_has_space_for_a_block_of_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
