/* SPDX-License-Identifier: ISC
 *
 * source.c - remote addresses with TCP connections, and the one that has too many.
 *
 * A hash table finds a source by its address; a binary heap has the one with the most connections
 * at its top. Both are updated when a connection is opened or closed, in about 100 ns.
 */
#include "source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <split53/hash.h>

#define BUCKETS 1024 /* a power of two */
#define IPV4_BITS 32
#define IPV6_BITS 64
#define HEAP_LEAST 16

struct s53_tcp_sources {
	pthread_mutex_t lock;
	struct s53_tcp_source *buckets[BUCKETS];
	struct s53_tcp_source *
	    *heap; /* a parent has at least as many connections as its children */
	unsigned count, size;
};

struct s53_tcp_sources *
s53_tcp_sources_new(void)
{
	struct s53_tcp_sources *sources = calloc(1, sizeof(*sources));

	if (sources != NULL)
		pthread_mutex_init(&sources->lock, NULL);
	return sources;
}

void
s53_tcp_sources_free(struct s53_tcp_sources *sources)
{
	if (sources == NULL)
		return;
	S53_ASSERT(sources->count == 0);
	pthread_mutex_destroy(&sources->lock);
	free(sources->heap);
	free(sources);
}

static void
prefix_of(const struct s53_addr *peer, struct s53_prefix *out)
{
	size_t len;
	const uint8_t *octets = s53_addr_octets(peer, &len);

	memset(out, 0, sizeof(*out));
	out->family = peer->family;
	out->bits = peer->family == AF_INET6 ? IPV6_BITS : IPV4_BITS;
	memcpy(out->octets, octets, out->bits / 8);
}

static bool
is_same(const struct s53_prefix *a, const struct s53_prefix *b)
{
	return a->family == b->family && a->bits == b->bits &&
	    memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

static struct s53_tcp_source **
find(struct s53_tcp_sources *sources, const struct s53_prefix *prefix)
{
	struct s53_tcp_source **at =
	    &sources->buckets[s53_hash(prefix, sizeof(*prefix)) & (BUCKETS - 1)];

	while (*at != NULL && !is_same(&(*at)->prefix, prefix))
		at = &(*at)->next;
	return at;
}

static void
put(struct s53_tcp_sources *sources, unsigned at, struct s53_tcp_source *source)
{
	sources->heap[at] = source;
	source->heap_at = at;
}

static void
sift_up(struct s53_tcp_sources *sources, struct s53_tcp_source *source)
{
	unsigned at = source->heap_at;

	for (; at > 0 && sources->heap[(at - 1) / 2]->count < source->count; at = (at - 1) / 2)
		put(sources, at, sources->heap[(at - 1) / 2]);
	put(sources, at, source);
}

static void
sift_down(struct s53_tcp_sources *sources, struct s53_tcp_source *source)
{
	unsigned at = source->heap_at;

	for (unsigned child; (child = 2 * at + 1) < sources->count; at = child) {
		if (child + 1 < sources->count &&
		    sources->heap[child + 1]->count > sources->heap[child]->count)
			child++;
		if (sources->heap[child]->count <= source->count)
			break;
		put(sources, at, sources->heap[child]);
	}
	put(sources, at, source);
}

static bool
grow_heap(struct s53_tcp_sources *sources)
{
	unsigned size = sources->size != 0 ? 2 * sources->size : HEAP_LEAST;
	struct s53_tcp_source **heap;

	if (sources->count < sources->size)
		return true;
	if ((heap = realloc(sources->heap, size * sizeof(struct s53_tcp_source *))) == NULL)
		return false;
	sources->heap = heap;
	sources->size = size;
	return true;
}

static struct s53_tcp_source *
new_source(struct s53_tcp_sources *sources, unsigned worker_count, const struct s53_prefix *prefix)
{
	struct s53_tcp_source *source;

	if (!grow_heap(sources))
		return NULL;
	source = calloc(1, sizeof(*source) + worker_count * sizeof(source->parts[0]));
	if (source == NULL)
		return NULL;
	source->prefix = *prefix;
	for (unsigned i = 0; i < worker_count; i++) {
		s53_list_init(&source->parts[i].idle);
		s53_list_init(&source->parts[i].busy);
	}
	put(sources, sources->count++, source);
	return source;
}

struct s53_tcp_source *
s53_tcp_source_enter(struct s53_tcp_limits *limits, const struct s53_addr *peer)
{
	struct s53_tcp_sources *sources = limits->sources;
	struct s53_tcp_source **at;
	struct s53_tcp_source *source;
	struct s53_prefix prefix;

	prefix_of(peer, &prefix);
	pthread_mutex_lock(&sources->lock);
	at = find(sources, &prefix);
	if (*at == NULL)
		*at = new_source(sources, limits->worker_count, &prefix);
	if ((source = *at) != NULL) {
		source->count++;
		sift_up(sources, source);
	}
	pthread_mutex_unlock(&sources->lock);
	return source;
}

static void
remove_source(struct s53_tcp_sources *sources, struct s53_tcp_source *source)
{
	struct s53_tcp_source **at = find(sources, &source->prefix);
	struct s53_tcp_source *last = sources->heap[--sources->count];

	*at = source->next;
	if (last != source) {
		put(sources, source->heap_at, last);
		sift_up(sources, last);
		sift_down(sources, last);
	}
	free(source);
}

void
s53_tcp_source_leave(struct s53_tcp_limits *limits, struct s53_tcp_source *source)
{
	struct s53_tcp_sources *sources = limits->sources;

	pthread_mutex_lock(&sources->lock);
	if (--source->count == 0)
		remove_source(sources, source);
	else
		sift_down(sources, source);
	pthread_mutex_unlock(&sources->lock);
}

static void
look_at_parts(
    struct s53_tcp_source *source, unsigned worker_count, unsigned self, struct s53_over_share *out)
{
	for (unsigned i = 0; i < worker_count; i++) {
		struct s53_tcp_source_part *part = &source->parts[i];
		unsigned idle = atomic_load_explicit(&part->idle_count, memory_order_relaxed);
		unsigned busy = atomic_load_explicit(&part->busy_count, memory_order_relaxed);

		if (i == self) {
			out->own = idle + busy > 0 ? part : NULL;
			continue;
		}
		if (idle > out->idle_count) {
			out->idle_count = idle;
			out->idle_worker = i;
		}
		if (busy > out->busy_count) {
			out->busy_count = busy;
			out->busy_worker = i;
		}
	}
}

bool
s53_tcp_source_over_share(struct s53_tcp_limits *limits, unsigned self, struct s53_over_share *out)
{
	struct s53_tcp_sources *sources = limits->sources;
	struct s53_tcp_source *top;
	bool is_over = false;

	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&sources->lock);
	if (sources->count > 0) {
		top = sources->heap[0];
		out->prefix = top->prefix;
		out->count = top->count;
		out->share = atomic_load(&limits->clients_max) / (sources->count + 1);
		if (out->share == 0)
			out->share = 1;
		is_over = top->count > out->share;
		look_at_parts(top, limits->worker_count, self, out);
	}
	pthread_mutex_unlock(&sources->lock);
	return is_over;
}
