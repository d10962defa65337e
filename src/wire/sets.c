/* SPDX-License-Identifier: ISC
 *
 * sets.c - which records of a section belong to one RRset.
 *
 * Names are compared only where a keyed hash of owner, type and class says that they are equal: a
 * name behind a long chain of pointers is slow to read, and comparing all pairs takes 256 times as
 * long.
 */
#include "sets.h"

#include <split53/hash.h>

/* By chance one section in 2^49 has a single one. */
#define MISTAKEN_MAX 16

/* What is being examined: the message, and the owner of the present record. */
struct look {
	struct s53_reader reader;
	struct s53_name owner; /* in lower case */
	size_t octets_left; /* of owners */
};

static uint64_t
hash_set(const struct s53_name *owner, const struct s53_rr *rr)
{
	uint8_t key[S53_NAME_MAX + 2 * sizeof(uint16_t)];

	memcpy(key, owner->octets, owner->len);
	memcpy(key + owner->len, &rr->type, sizeof(rr->type));
	memcpy(key + owner->len + sizeof(rr->type), &rr->class, sizeof(rr->class));
	return s53_hash(key, owner->len + 2 * sizeof(uint16_t));
}

/* Their hashes are equal: are the records, too? */
static bool
alike(const struct look *look, enum s53_likeness likeness, const struct s53_set_member *a,
    const struct s53_set_member *in_hand)
{
	struct s53_reader reader = look->reader;

	if (likeness == S53_EXACT_COPY)
		return a->first[S53_OF_ONE_SET] == in_hand->first[S53_OF_ONE_SET] &&
		    a->rdata_len == in_hand->rdata_len &&
		    memcmp(reader.octets + a->rdata_at, reader.octets + in_hand->rdata_at,
			a->rdata_len) == 0;
	if (a->type != in_hand->type || a->class != in_hand->class)
		return false;
	reader.at = a->owner_at;
	return s53_name_read_equal(&reader, &look->owner);
}

/* Find the first record like the last one; if there is none, that is the last one itself. */
static void
rank_last(struct s53_sets *sets, const struct look *look, enum s53_likeness likeness)
{
	uint16_t *slots = sets->slots[likeness];
	unsigned last = sets->count - 1;
	struct s53_set_member *in_hand = &sets->of[last];
	uint64_t hash = in_hand->hash[likeness];
	size_t slot = hash % S53_SETS_SLOTS;

	in_hand->first[likeness] = (uint16_t)last;
	for (; slots[slot] != 0; slot = (slot + 1) % S53_SETS_SLOTS) {
		unsigned other = slots[slot] - 1u;

		if (sets->of[other].hash[likeness] != hash)
			continue;
		if (alike(look, likeness, &sets->of[other], in_hand)) {
			in_hand->first[likeness] = (uint16_t)other;
			return;
		}
		if (++sets->mistaken > MISTAKEN_MAX)
			return;
	}
	slots[slot] = (uint16_t)(last + 1);
}

static bool
add(struct s53_sets *sets, struct look *look, const struct s53_rr *rr)
{
	struct s53_set_member *member = &sets->of[sets->count];
	uint64_t hash;

	look->reader.at = rr->owner_at;
	if (sets->count == S53_SETS_RECORDS || !s53_name_read(&look->reader, &look->owner))
		return false;
	if (look->owner.len > look->octets_left)
		return false;
	look->octets_left -= look->owner.len;
	s53_name_lower(&look->owner);
	hash = hash_set(&look->owner, rr);
	*member = (struct s53_set_member){
		.owner_at = (uint16_t)rr->owner_at,
		.type = rr->type,
		.class = rr->class,
		.rdata_at = (uint16_t)rr->rdata_at,
		.rdata_len = rr->rdata_len,
		.hash = { hash,
		    hash ^ s53_hash(look->reader.octets + rr->rdata_at, rr->rdata_len) },
	};
	sets->count++;
	rank_last(sets, look, S53_OF_ONE_SET);
	rank_last(sets, look, S53_EXACT_COPY);
	return sets->mistaken <= MISTAKEN_MAX;
}

bool
s53_sets_find(struct s53_sets *sets, const struct s53_walk *walk, size_t end, size_t octets_max)
{
	struct s53_walk here = *walk;
	struct look look = { .reader = walk->reader, .octets_left = octets_max };
	struct s53_rr rr;

	sets->count = 0;
	sets->mistaken = 0;
	memset(sets->slots, 0, sizeof(sets->slots));
	while (here.reader.at < end && s53_walk_next(&here, &rr))
		if (!add(sets, &look, &rr))
			return false;
	return !here.reader.bad;
}
