/* SPDX-License-Identifier: ISC
 *
 * busiest.h - the names that are queried most and the clients that query most, counted from a
 * sample in bounded memory.
 *
 * Layer    base
 * Threads  one thread counts, any thread reads; one lock, taken for each 64th query
 * Memory   plain objects of a fixed size, embedded in their owner
 * Sources  Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in
 *          Data Streams (2005), "Space-Saving"
 *
 * The table has a fixed number of entries. A new key replaces the key with the smallest count and
 * continues that count. So a count may be too large by up to `error` but is never too small, and a
 * key with more than 1 in S53_BUSIEST_KEYS of all samples is always in the table. Counts are halved
 * every S53_BUSIEST_FADE samples, so that the table shows what is busy now.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define S53_BUSIEST_SAMPLE 64 /* one query in this many is counted */
#define S53_BUSIEST_KEYS 64
#define S53_BUSIEST_KEY_MAX 256 /* octets; a name fits, a name with its type does not */
#define S53_BUSIEST_FADE 8192

struct s53_busiest_entry {
	uint64_t hash;
	uint32_t count;
	uint32_t error; /* of `count`, at most */
	uint16_t kind; /* set by the caller: a query type, or an address family */
	uint16_t len; /* 0: free */
	uint8_t key[S53_BUSIEST_KEY_MAX];
};

struct s53_busiest {
	pthread_mutex_t lock;
	uint32_t samples; /* since the counts were last halved */
	struct s53_busiest_entry entries[S53_BUSIEST_KEYS];
};

void s53_busiest_init(struct s53_busiest *busiest);
void s53_busiest_fini(struct s53_busiest *busiest);

/* Count a key; one that is longer than S53_BUSIEST_KEY_MAX is not counted. */
void s53_busiest_count(struct s53_busiest *busiest, const void *octets, size_t len, uint16_t kind);

/* Entries of any number of tables, the busiest first. */
struct s53_busiest_list {
	unsigned count;
	struct s53_busiest_entry entries[S53_BUSIEST_KEYS];
};

/* Add the entries of `busiest` to the list; the counts of a key that is in both are added. */
void s53_busiest_add(struct s53_busiest_list *list, struct s53_busiest *busiest);
