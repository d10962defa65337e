/* SPDX-License-Identifier: ISC
 *
 * faulty_queue.c - a binary heap: the delay changes while answers wait, so they do not become due
 * in the order in which they were added.
 */
#include <stdlib.h>

#include "faulty.h"

#define ROOM_FIRST 4096
#define WAIT_MAX_NS UINT64_C(1000000000)

static void
swap(struct faulty_reply *heap, size_t one, size_t other)
{
	struct faulty_reply kept = heap[one];

	heap[one] = heap[other];
	heap[other] = kept;
}

void
faulty_queue_put(struct faulty_queue *queue, const struct faulty_reply *reply)
{
	size_t at = queue->count;

	if (queue->count == queue->room) {
		queue->room = queue->room > 0 ? 2 * queue->room : ROOM_FIRST;
		queue->heap = realloc(queue->heap, queue->room * sizeof(*queue->heap));
		if (queue->heap == NULL)
			bench_die("memory");
	}
	queue->heap[queue->count++] = *reply;
	while (at > 0 && queue->heap[at].due_ns < queue->heap[(at - 1) / 2].due_ns) {
		swap(queue->heap, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void
sink(struct faulty_queue *queue)
{
	size_t at = 0;

	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
			if (child < queue->count &&
			    queue->heap[child].due_ns < queue->heap[least].due_ns)
				least = child;
		}
		if (least == at)
			return;
		swap(queue->heap, at, least);
		at = least;
	}
}

bool
faulty_queue_take(struct faulty_queue *queue, uint64_t now_ns, struct faulty_reply *out)
{
	if (queue->count == 0 || queue->heap[0].due_ns > now_ns)
		return false;
	*out = queue->heap[0];
	queue->heap[0] = queue->heap[--queue->count];
	sink(queue);
	return true;
}

uint64_t
faulty_queue_wait_ns(const struct faulty_queue *queue, uint64_t now_ns)
{
	uint64_t due_ns = queue->count > 0 ? queue->heap[0].due_ns : now_ns + WAIT_MAX_NS;

	if (due_ns <= now_ns)
		return 0;
	return due_ns - now_ns < WAIT_MAX_NS ? due_ns - now_ns : WAIT_MAX_NS - 1;
}
