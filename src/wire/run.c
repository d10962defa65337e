/* SPDX-License-Identifier: ISC
 *
 * run.c - move the records of an RRset within a message.
 *
 * Only tails (TTL and rdata) move; the heads stay in their order. So the first owner may be
 * uncompressed and all others point at it, as named writes them when the query's letter case (0x20)
 * is not that of the zone.
 *
 * Compression pointers that lead into the RRset are corrected in one pass over the names behind its
 * first record, without reading any name. An RRset is not reordered when a tail points at another
 * one and would then be before it (RFC 1035 s4.1.4: "a prior occurrence"). Servers write such
 * pointers in NS and MX RRsets, from which clients choose by RTT and preference, but not in SRV
 * (RFC 2782: no compression).
 */
#include "run.h"

#include "form.h"
#include "step.h"

#define POINTER 0xc000u
#define POINTER_REACH 0x4000u

struct move {
	uint8_t *message;
	const struct s53_run *run;
	size_t begin, end; /* of what moves */
	bool dry; /* only test whether it can be done */
	bool points_inside; /* a name of the run leads into the run */
	uint16_t head_to[S53_RUN_MAX], tail_to[S53_RUN_MAX]; /* their new offsets */
};

/* The index of the record to which this byte of the run belongs. */
static unsigned
piece_at(const struct s53_run *run, size_t at)
{
	unsigned low = 0, high = run->count;

	while (high - low > 1) {
		unsigned middle = (low + high) / 2;

		if (run->of[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The new offset of a byte of the run. */
static size_t
new_place(const struct move *move, size_t at)
{
	unsigned index = piece_at(move->run, at);
	const struct s53_piece *piece = &move->run->of[index];

	return at < piece->ttl_at ? move->head_to[index] + (at - piece->at)
				  : move->tail_to[index] + (at - piece->ttl_at);
}

static bool
is_inside(const struct move *move, size_t at)
{
	return at >= move->begin && at < move->end;
}

/* Skip a name of the run or behind it, and correct its pointer. false: it would lead forwards. */
static bool
mend_name(struct move *move, struct s53_reader *reader)
{
	size_t begin = reader->at, end = s53_name_step(reader), target;

	if (end == reader->at)
		return true; /* it ends in the root */
	target = s53_u16_get(move->message + end) & ~POINTER;
	if (!is_inside(move, target))
		return true;
	move->points_inside = true;
	target = new_place(move, target);
	if (is_inside(move, begin) && target >= new_place(move, begin))
		return false;
	if (!move->dry)
		s53_u16_put(move->message + end, (uint16_t)(POINTER | target));
	return true;
}

static bool
mend_record(struct move *move, const struct s53_rr *rr)
{
	struct s53_reader reader = s53_reader_of(move->message, rr->end_at);
	const char *fields = s53_form_of(rr->type).fields;

	reader.at = rr->owner_at;
	if (!mend_name(move, &reader))
		return false;
	reader.at = rr->rdata_at;
	while (s53_form_next_name(&fields, &reader))
		if (!mend_name(move, &reader))
			return false;
	return true;
}

/* A record of the run in the form that a walk returns. */
static struct s53_rr
record_of(const uint8_t *message, const struct s53_run *run, unsigned index)
{
	const struct s53_piece *piece = &run->of[index];
	struct s53_rr rr = run->first;

	rr.owner_at = piece->at;
	rr.ttl_at = piece->ttl_at;
	rr.ttl = s53_u32_get(message + piece->ttl_at);
	rr.rdata_at = piece->ttl_at + 6u;
	rr.rdata_len = (uint16_t)(piece->end - rr.rdata_at);
	rr.end_at = piece->end;
	return rr;
}

/* Correct the names of the run's own records. */
static bool
mend_run(struct move *move)
{
	for (unsigned i = 0; i < move->run->count; i++) {
		struct s53_rr rr = record_of(move->message, move->run, i);

		if (!mend_record(move, &rr))
			return false;
	}
	return true;
}

/* Does each rdata of this type end in a name, its only one? */
static bool
ends_in_name(uint16_t type)
{
	const char *n = strchr(s53_form_of(type).fields, 'n');

	return n != NULL && n[1] == '\0';
}

/*
 * Do all names of the run lead to before it? This is the usual case and quick to detect: owners are
 * pointers, and so are the last two bytes of rdata, or they are no pointer at all. false: perhaps.
 */
static bool
leads_before(const struct move *move)
{
	for (unsigned i = 0; i < move->run->count; i++) {
		const struct s53_piece *piece = &move->run->of[i];
		unsigned owner = s53_u16_get(move->message + piece->at);
		unsigned last = s53_u16_get(move->message + piece->end - 2);

		if (owner < POINTER || (owner & ~POINTER) >= move->begin ||
		    (last >= POINTER && (last & ~POINTER) >= move->begin))
			return false;
	}
	return ends_in_name(move->run->first.type);
}

static void
mend_behind(struct move *move)
{
	struct s53_walk walk = move->run->behind;
	struct s53_rr rr;

	while (s53_walk_next(&walk, &rr))
		mend_record(move, &rr);
}

static void
assign_offsets(struct move *move)
{
	const struct s53_run *run = move->run;
	size_t at = move->begin;

	for (unsigned i = 0; i < run->count; i++) {
		const struct s53_piece *tail = &run->of[run->order[i]];

		move->head_to[i] = (uint16_t)at;
		at += (size_t)run->of[i].ttl_at - run->of[i].at;
		move->tail_to[run->order[i]] = (uint16_t)at;
		at += (size_t)tail->end - tail->ttl_at;
	}
}

static void
move_octets(const struct move *move)
{
	const struct s53_run *run = move->run;
	uint8_t octets[POINTER_REACH];

	memcpy(octets, move->message + move->begin, move->end - move->begin);
	for (unsigned i = 0; i < run->count; i++) {
		const struct s53_piece *piece = &run->of[i];
		const uint8_t *from = octets + (piece->at - move->begin);
		size_t head_len = (size_t)piece->ttl_at - piece->at;

		if (!run->plain)
			memcpy(move->message + move->head_to[i], from, head_len);
		memcpy(move->message + move->tail_to[i], from + head_len,
		    (size_t)piece->end - piece->ttl_at);
	}
}

void
s53_run_move(uint8_t *message, const struct s53_run *run)
{
	struct move move;

	move.message = message; /* field by field: assign_offsets() fills in the offsets */
	move.run = run;
	move.begin = run->of[0].at;
	move.end = run->of[run->count - 1].end;
	move.dry = true;
	move.points_inside = false;
	if (move.end > POINTER_REACH)
		return;
	assign_offsets(&move);
	if (!run->plain) {
		if (!leads_before(&move) && !mend_run(&move))
			return;
		move.dry = false;
		if (move.points_inside)
			mend_run(&move);
		mend_behind(&move);
	}
	move_octets(&move);
}
