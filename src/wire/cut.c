/* SPDX-License-Identifier: ISC
 *
 * cut.c - make a message fit: records go from its end, in whole RRsets (RFC 2181 s9).
 *
 * A set is nearly always one run of records, but nothing demands it: Consul repeats the records of
 * a node once per service instance. So each record that goes is compared with those that stay in
 * its section. One that stays as an exact copy takes nothing from its set; else the whole set goes,
 * and with it, as records go from the end only, all behind its first.
 */
#include <split53/message.h>

/* Comparing each with each is for sections of sane size; a longer one goes as a whole. */
#define COMPARED_MAX 256

/* A section that is being cut. */
struct part {
	const uint8_t *message;
	struct s53_walk walk; /* stands at its first record */
	size_t begin;
	size_t end;
	unsigned count;
};

static bool
same_set(const struct part *part, const struct s53_rr *a, const struct s53_rr *b)
{
	struct s53_reader reader = part->walk.reader;
	struct s53_name owner;

	if (a->type != b->type || a->class != b->class)
		return false;
	reader.at = a->owner_at;
	if (!s53_name_read(&reader, &owner))
		return false;
	reader.at = b->owner_at;
	return s53_name_read_equal(&reader, &owner);
}

/*
 * Where among the records before `edge` the set of `gone` begins, when they do not hold all of it
 * (that is, no copy of `gone`); `edge` when nothing is torn.
 */
static size_t
torn_at(const struct part *part, const struct s53_rr *gone, size_t edge)
{
	struct s53_walk walk = part->walk;
	size_t first = edge;
	struct s53_rr rr;

	while (walk.reader.at < edge && s53_walk_next(&walk, &rr)) {
		if (!same_set(part, &rr, gone))
			continue;
		if (rr.rdata_len == gone->rdata_len &&
		    memcmp(part->message + rr.rdata_at, part->message + gone->rdata_at,
			rr.rdata_len) == 0)
			return edge;
		if (rr.owner_at < first)
			first = rr.owner_at;
	}
	return first;
}

/* Move `edge`, from where on the part's records go, towards the front until no set is torn. */
static size_t
whole_sets(const struct part *part, size_t edge)
{
	size_t to = part->end; /* records from here on were looked at already */

	if (part->count > COMPARED_MAX)
		return part->begin;
	while (edge < to) {
		struct s53_walk walk = part->walk;
		size_t first = edge;
		struct s53_rr rr;

		while (walk.reader.at < to && s53_walk_next(&walk, &rr)) {
			size_t torn = rr.owner_at < edge ? edge : torn_at(part, &rr, edge);

			if (torn < first)
				first = torn;
		}
		to = edge;
		edge = first;
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
	struct part part = { .message = message };
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
