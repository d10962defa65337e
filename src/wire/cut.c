/* SPDX-License-Identifier: ISC
 *
 * cut.c - make a message fit: records go from its end, in whole RRsets (RFC 2181 s9).
 *
 * A set is nearly always one run of records, but nothing demands it: Consul repeats the records of
 * a node once per service instance. So each record that goes is looked for among those that stay
 * in its section. One that stays as an exact copy takes nothing from its set; else the whole set
 * goes, and with it, as records go from the end only, all behind its first. A section of more
 * records than anybody has use for goes as a whole.
 */
#include "sets.h"

/* A section that is being cut. */
struct part {
	struct s53_walk walk; /* stands at its first record */
	size_t begin;
	size_t end;
	unsigned count;
};

/* Move `edge`, from where on the part's records go, towards the front until no set is torn. */
static size_t
whole_sets(const struct part *part, size_t edge)
{
	struct s53_sets sets;

	if (part->count > S53_SETS_RECORDS ||
	    !s53_sets_find(&sets, &part->walk, part->end, SIZE_MAX))
		return part->begin;
	/*
	 * Once is enough: a copy that has to go as well lies before the edge of now, so it is still
	 * to come and speaks for both.
	 */
	for (unsigned i = sets.count; i-- > 0 && sets.of[i].owner_at >= edge;) {
		const uint16_t *first = sets.of[i].first;
		size_t set_at = sets.of[first[S53_OF_ONE_SET]].owner_at;

		if (sets.of[first[S53_EXACT_COPY]].owner_at >= edge && set_at < edge)
			edge = set_at;
	}
	return edge;
}

/* Counts and TC of a message that ends at `edge`. */
static void
settle_header(uint8_t *message, size_t edge, bool truncated)
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
	/* An answer keeps what fits: its set is torn either way, and TC says so. */
	if (section != S53_ANSWER)
		edge = whole_sets(&part, edge);
	settle_header(message, edge, section != S53_ADDITIONAL || edge > limit);
	return edge;
}
