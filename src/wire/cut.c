/* SPDX-License-Identifier: ISC
 *
 * cut.c - shorten a message: remove records from its end, in whole RRsets (RFC 2181 s9).
 *
 * An RRset is nearly always one run of records, but it need not be: Consul repeats the records of a
 * node once per service instance. So each record that is removed is compared with those that stay
 * in its section. If an exact copy of it stays, its RRset loses nothing. Otherwise the whole RRset
 * must be removed, and, as records are removed from the end only, all records behind its first. A
 * section of more records than are useful is removed as a whole.
 */
#include "sets.h"

/* A section that is being cut. */
struct part {
	struct s53_walk walk; /* at its first record */
	size_t begin;
	size_t end;
	unsigned count;
};

/* Move `edge`, where the part is cut, towards the front until it splits no RRset. */
static size_t
whole_sets(const struct part *part, size_t edge)
{
	struct s53_sets sets;

	if (part->count > S53_SETS_RECORDS ||
	    !s53_sets_find(&sets, &part->walk, part->end, SIZE_MAX))
		return part->begin;
	/*
	 * One pass is enough: a copy that must be removed as well is before the present edge, so
	 * the loop still comes to it, and what it finds there applies to both.
	 */
	for (unsigned i = sets.count; i-- > 0 && sets.of[i].owner_at >= edge;) {
		const uint16_t *first = sets.of[i].first;
		size_t set_at = sets.of[first[S53_OF_ONE_SET]].owner_at;

		if (sets.of[first[S53_EXACT_COPY]].owner_at >= edge && set_at < edge)
			edge = set_at;
	}
	return edge;
}

/* Set counts and TC of a message that ends at `edge`. */
static void
set_header(uint8_t *message, size_t edge, bool truncated)
{
	uint16_t kept[4] = { 0 };
	struct s53_walk walk;
	struct s53_rr rr;

	if (s53_walk_begin(&walk, message, edge))
		while (walk.reader.at < edge && s53_walk_next(&walk, &rr))
			kept[rr.section]++;
	for (enum s53_section s = S53_ANSWER; s <= S53_ADDITIONAL; s++)
		s53_header_set_count(message, s, kept[s]);
	if (truncated)
		s53_header_set_flags(message, s53_header_flags(message) | S53_TC);
}

size_t
s53_message_cut(uint8_t *message, size_t len, size_t limit)
{
	struct part part = { 0 };
	enum s53_section section = S53_QUESTION;
	size_t edge = len;
	struct s53_walk walk;
	struct s53_rr rr;

	if (len <= limit || !s53_walk_begin(&walk, message, len))
		return len;
	for (struct s53_walk before = walk; s53_walk_next(&walk, &rr); before = walk) {
		if (edge < len && rr.section != section)
			break;
		if (rr.section != section) {
			section = rr.section;
			part.walk = before;
			part.begin = rr.owner_at;
			part.count = 0;
		}
		if (edge == len && rr.end_at > limit)
			edge = rr.owner_at;
		part.end = rr.end_at;
		part.count++;
	}
	/* An answer keeps what fits: its RRset is incomplete in any case, and TC says so. */
	if (section != S53_ANSWER)
		edge = whole_sets(&part, edge);
	set_header(message, edge, section != S53_ADDITIONAL || edge > limit);
	return edge;
}
