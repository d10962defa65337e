/* SPDX-License-Identifier: ISC
 *
 * reorder.c - reorder the records of a message's RRsets, for each response anew.
 *
 * Nearly every answer is one run of A or AAAA records that differ only in TTL and rdata: these
 * bytes are exchanged, with a few instructions each. As owners stay where they are, and no pointer
 * leads into such rdata (s53_message_check()), no pointer has to be examined. The same is true for
 * any type without names in rdata if all rdata has one length. run.c does the rest.
 *
 * Records of one RRset that are not adjacent are treated as several RRsets here.
 */
#include "form.h"
#include "run.h"
#include "step.h"

/* Limits for one message; what exceeds them keeps its order: the work is done for each response. */
#define STEPS_MAX 24 /* labels and pointers, when owners are compared */
#define OWNER_OCTETS_MAX 1024 /* bytes of owners that are read: chains of pointers are costly */
#define EFFORT 21 /* for examining RRsets */
#define EFFORT_SET 3
#define EFFORT_ALIAS 1 /* for a CNAME, or another type that is not reordered */
#define RUNS_MENDED_MAX 4 /* each is a pass over all that follows */
#define MENDED_MAX 12 /* records in these; after so many no other run is begun */
#define NAMED_MAX 20 /* records with names in an RRset of a message of at most DATAGRAM_MAX */
#define DATAGRAM_MAX 4096
#define SEED 0x9e3779b9u
#define POINTER 0xc000u
#define POINTER_REACH 0x4000u
#define HEAD 6u /* bytes of an owner that is a pointer, type and class */
#define TAIL 6u /* bytes of TTL and length, before the rdata */
#define A_TAIL (TAIL + 4)
#define AAAA_TAIL (TAIL + 16)
#define INDEX sizeof(uint16_t) /* of a row of numbers: reorder_run() */

/* A message that is being reordered. */
struct reordering {
	uint8_t *message;
	size_t len;
	struct s53_ordering *ordering;
	int effort; /* left */
	unsigned mended, mended_records;
	unsigned steps; /* left */
	size_t owner_octets;
	struct s53_walk walk;
};

/* Marsaglia's xorshift: an attacker gains nothing by predicting the order of records. */
static uint32_t
roll(struct s53_ordering *ordering)
{
	uint32_t random_state = ordering->random_state != 0 ? ordering->random_state : SEED;

	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return ordering->random_state = random_state;
}

/* Among 0 .. bound-1: uniform enough for so few records. */
static unsigned
roll_below(struct s53_ordering *ordering, unsigned bound)
{
	return (unsigned)((uint64_t)roll(ordering) * bound >> 32);
}

/* Both are read before one is written: they may be the same. */
static inline void
swap_fixed(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t from_a[32], from_b[32];

	memcpy(from_a, a, len);
	memcpy(from_b, b, len);
	memcpy(a, from_b, len);
	memcpy(b, from_a, len);
}

/* Exchange TTL, length and rdata of two records with rdata of one length. */
static inline void
swap(uint8_t *a, uint8_t *b, size_t len)
{
	if (len == A_TAIL) {
		swap_fixed(a, b, A_TAIL);
		return;
	}
	if (len == AAAA_TAIL) {
		swap_fixed(a, b, AAAA_TAIL);
		return;
	}
	if (len == INDEX) {
		swap_fixed(a, b, INDEX);
		return;
	}
	for (; len > 32; len -= 32, a += 32, b += 32)
		swap_fixed(a, b, 32);
	swap_fixed(a, b, len);
}

/* Records of one form, each `stride` behind the one before; `len` bytes from `at` on are moved. */
struct row {
	uint8_t *at;
	size_t stride, len;
	unsigned count;
};

static void
shuffle_row(const struct row *row, struct s53_ordering *ordering)
{
	for (unsigned i = row->count - 1; i > 0; i--)
		swap(row->at + i * row->stride, row->at + roll_below(ordering, i + 1) * row->stride,
		    row->len);
}

static void
reverse_row(const struct row *row, unsigned from, unsigned to)
{
	for (; from + 1 < to; from++)
		swap(row->at + from * row->stride, row->at + --to * row->stride, row->len);
}

static void
rotate_row(const struct row *row, uint32_t steps)
{
	unsigned by;

	S53_ASSERT(row->count > 0); /* a set has a record */
	by = steps % row->count;
	reverse_row(row, 0, by);
	reverse_row(row, by, row->count);
	reverse_row(row, 0, row->count);
}

/* RRsets of one record each, or with an order that must not be changed. */
static bool
keeps_its_order(uint16_t type)
{
	return type == S53_TYPE_CNAME || type == S53_TYPE_DNAME || type == S53_TYPE_SOA ||
	    type == S53_TYPE_RRSIG || type == S53_TYPE_SIG;
}

/* How to reorder the RRset of this record. */
static enum s53_reorder
reorder_of(struct reordering *it, const struct s53_rr *rr)
{
	struct s53_reader reader = s53_reader_of(it->message, it->len);
	struct s53_name owner;

	if (it->ordering->choose == NULL)
		return S53_REORDER_SHUFFLE;
	reader.at = rr->owner_at;
	if (it->owner_octets > OWNER_OCTETS_MAX || !s53_name_read(&reader, &owner))
		return S53_REORDER_NONE;
	it->owner_octets += owner.len;
	s53_name_lower(&owner);
	return it->ordering->choose(it->ordering, &owner, rr->type);
}

static void
reorder_row(const struct row *row, struct s53_ordering *ordering, enum s53_reorder turn)
{
	if (turn == S53_REORDER_SHUFFLE)
		shuffle_row(row, ordering);
	else if (turn == S53_REORDER_ROTATE)
		rotate_row(row, ordering->steps);
}

static bool
has_names(uint16_t type)
{
	return type != S53_TYPE_A && type != S53_TYPE_AAAA &&
	    strchr(s53_form_of(type).fields, 'n') != NULL;
}

/* The usual head has six bytes. */
static inline bool
is_same_head(const uint8_t *a, const uint8_t *b, size_t len)
{
	if (len == HEAD)
		return memcmp(a, b, 4) == 0 && memcmp(a + 4, b + 4, HEAD - 4) == 0;
	return memcmp(a, b, len) == 0;
}

/* How many of up to `left` records from `rr` on differ from it only in TTL and rdata? */
static unsigned
count_alike(const struct reordering *it, const struct s53_rr *rr, unsigned left)
{
	const uint8_t *first = it->message + rr->owner_at;
	size_t head = rr->ttl_at - rr->owner_at, stride = rr->end_at - rr->owner_at;
	size_t room = (it->len - rr->owner_at) / stride;
	unsigned count = 1;

	for (const uint8_t *next = first + stride; count < left && count < room;
	     next += stride, count++)
		if (!is_same_head(next, first, head) ||
		    s53_u16_get(next + head + 4) != rr->rdata_len)
			break;
	return count;
}

/* Is `rr` of the same RRset as the record before it? Names are read only where bytes differ. */
static bool
is_of_set(struct reordering *it, const struct s53_rr *before, const struct s53_rr *rr)
{
	struct s53_reader reader = s53_reader_of(it->message, it->len);
	size_t owner_len = before->ttl_at - before->owner_at;

	if (rr->section != S53_ANSWER || rr->type != before->type || rr->class != before->class)
		return false;
	if (rr->ttl_at - rr->owner_at == owner_len &&
	    is_same_head(it->message + rr->owner_at, it->message + before->owner_at, owner_len))
		return true;
	if (rr->ttl_at - rr->owner_at == HEAD && before->owner_at < POINTER_REACH &&
	    s53_u16_get(it->message + rr->owner_at) == (POINTER | before->owner_at))
		return true;
	return s53_name_equal_at(&reader, before->owner_at, rr->owner_at, &it->steps);
}

/* Move the walk back to this record, the last one that it returned. */
static void
step_back(struct s53_walk *walk, const struct s53_rr *rr)
{
	walk->reader.at = rr->owner_at;
	walk->section = rr->section;
	walk->left[rr->section]++;
}

/*
 * Find all records of the RRset that begins at the walk, which is then behind them. false: they are
 * too many.
 */
static bool
gather(struct reordering *it, struct s53_run *run)
{
	struct s53_walk behind = it->walk;
	unsigned most = S53_RUN_MAX;
	struct s53_rr two[2]; /* the present record and the one before, alternating */

	run->count = 0;
	for (;;) {
		struct s53_rr *rr = &two[run->count % 2];

		if (!s53_walk_next(&behind, rr))
			break;
		if (run->count == 0) {
			run->first = *rr;
			run->plain = !has_names(rr->type);
			if (!run->plain && it->len <= DATAGRAM_MAX)
				most = NAMED_MAX;
		} else if (!is_of_set(it, &two[(run->count - 1) % 2], rr)) {
			step_back(&behind, rr);
			break;
		}
		if (run->count == most)
			return false;
		run->plain = run->plain && rr->rdata_len == run->first.rdata_len;
		run->order[run->count] = (uint16_t)run->count;
		run->of[run->count++] = (struct s53_piece){ .at = (uint16_t)rr->owner_at,
			.ttl_at = (uint16_t)rr->ttl_at,
			.end = (uint16_t)rr->end_at };
	}
	it->walk = run->behind = behind;
	return true;
}

/*
 * The RRset at the walk has records of different lengths, or names in its rdata: reorder a row of
 * numbers, and have the records moved accordingly. false: do not change the rest of the message.
 */
static bool
reorder_run(struct reordering *it)
{
	enum s53_reorder turn;
	struct s53_run run;
	struct row row;

	if (!gather(it, &run))
		return false;
	if (!run.plain && ++it->mended > RUNS_MENDED_MAX)
		return true;
	it->mended_records += run.count;
	turn = reorder_of(it, &run.first);
	if (turn == S53_REORDER_NONE)
		return true;
	row = (struct row){
		.at = (uint8_t *)run.order, .stride = INDEX, .len = INDEX, .count = run.count
	};
	reorder_row(&row, it->ordering, turn);
	s53_run_move(it->message, &run);
	return true;
}

/* Reorder the RRset that begins at the walk. false: do not change the rest of the message. */
static bool
reorder_set(struct reordering *it)
{
	struct s53_walk walk = it->walk, behind;
	struct s53_rr first, next;
	struct row row;

	if (!s53_walk_next(&walk, &first))
		return false;
	if (keeps_its_order(first.type)) {
		it->effort -= EFFORT_ALIAS;
		it->walk = walk;
		return true;
	}
	it->effort -= EFFORT_SET;
	row = (struct row){ .at = it->message + first.ttl_at,
		.stride = first.end_at - first.owner_at,
		.len = first.end_at - first.ttl_at,
		.count = has_names(first.type)
		    ? 1
		    : count_alike(it, &first, it->walk.left[S53_ANSWER]) };
	behind = it->walk;
	behind.reader.at += row.count * row.stride;
	behind.left[S53_ANSWER] = (uint16_t)(behind.left[S53_ANSWER] - row.count);
	walk = behind;
	if (walk.left[S53_ANSWER] > 0 && s53_walk_next(&walk, &next) &&
	    is_of_set(it, &first, &next))
		return it->mended_records < MENDED_MAX && reorder_run(it);
	if (row.count > 1)
		reorder_row(&row, it->ordering, reorder_of(it, &first));
	it->walk = behind;
	return true;
}

/* The usual answer: only addresses of one owner, a pointer. false: it is another one. */
static bool
reorder_addresses(struct reordering *it)
{
	struct s53_reader reader = s53_reader_of(it->message, it->len);
	unsigned count = s53_header_count(it->message, S53_ANSWER);
	const uint8_t *first, *next;
	struct s53_rr rr;
	struct row row;

	reader.at = S53_HEADER_LEN;
	s53_name_step(&reader);
	rr.owner_at = reader.at + 4;
	if (reader.bad || s53_header_count(it->message, S53_QUESTION) != 1 ||
	    rr.owner_at + HEAD > it->len)
		return false;
	first = next = it->message + rr.owner_at;
	rr.type = s53_u16_get(first + 2);
	row.len = rr.type == S53_TYPE_A ? A_TAIL : AAAA_TAIL;
	row.stride = HEAD + row.len;
	row.count = count;
	if ((rr.type != S53_TYPE_A && rr.type != S53_TYPE_AAAA) || first[0] < S53_LABEL_MAX + 1 ||
	    count * row.stride > it->len - rr.owner_at)
		return false;
	for (; count > 0; count--, next += row.stride)
		if (memcmp(next, first, HEAD) != 0)
			return false;
	row.at = it->message + rr.owner_at + HEAD;
	reorder_row(&row, it->ordering, reorder_of(it, &rr));
	return true;
}

void
s53_message_reorder(uint8_t *message, size_t len, struct s53_ordering *ordering)
{
	struct reordering it;

	it.message = message; /* field by field: the walk is not needed for the usual answer */
	it.len = len;
	it.ordering = ordering;
	it.effort = EFFORT;
	it.mended = it.mended_records = 0;
	it.steps = STEPS_MAX;
	it.owner_octets = 0;
	if (s53_header_count(message, S53_ANSWER) < 2 || reorder_addresses(&it))
		return;
	if (!s53_walk_begin(&it.walk, message, len))
		return;
	while (it.effort > 0 && it.walk.left[S53_ANSWER] > 1)
		if (!reorder_set(&it))
			break;
}
