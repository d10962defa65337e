/* SPDX-License-Identifier: ISC
 *
 * walk.c - record after record, and what needs only that: the TTLs.
 */
#include <split53/message.h>

#include "step.h"

bool
s53_walk_begin(struct s53_walk *walk, const uint8_t *message, size_t len)
{
	walk->reader = s53_reader_of(message, len);
	walk->section = S53_ANSWER;
	if (s53_read(&walk->reader, S53_HEADER_LEN) == NULL)
		return false;
	for (enum s53_section s = S53_QUESTION; s <= S53_ADDITIONAL; s++)
		walk->left[s] = s53_header_count(message, s);
	for (; walk->left[S53_QUESTION] > 0; walk->left[S53_QUESTION]--) {
		s53_name_step(&walk->reader);
		s53_read(&walk->reader, 4); /* type, class */
		if (walk->reader.bad)
			return false;
	}
	return true;
}

bool
s53_walk_next(struct s53_walk *walk, struct s53_rr *out)
{
	struct s53_reader *reader = &walk->reader;

	while (walk->left[walk->section] == 0) {
		if (walk->section == S53_ADDITIONAL)
			return false;
		walk->section++;
	}
	walk->left[walk->section]--;
	out->section = walk->section;
	out->owner_at = reader->at;
	s53_name_step(reader);
	out->type = s53_read_u16(reader);
	out->class = s53_read_u16(reader);
	out->ttl_at = reader->at;
	out->ttl = s53_read_u32(reader);
	out->rdata_len = s53_read_u16(reader);
	out->rdata_at = reader->at;
	s53_read(reader, out->rdata_len);
	out->end_at = reader->at;
	return !reader->bad;
}

uint32_t
s53_message_least_ttl(const uint8_t *message, size_t len)
{
	struct s53_walk walk;
	struct s53_rr rr;
	uint32_t least = UINT32_MAX;

	if (!s53_walk_begin(&walk, message, len))
		return least;
	while (s53_walk_next(&walk, &rr)) {
		uint32_t ttl = s53_ttl_of(rr.ttl);

		if (rr.type != S53_TYPE_OPT && ttl < least)
			least = ttl;
	}
	return least;
}

size_t
s53_message_size_with_one_more(const uint8_t *message, size_t len)
{
	struct s53_walk walk;

	if (!s53_walk_begin(&walk, message, len) || walk.left[S53_ANSWER] == 0)
		return SIZE_MAX;
	return len + S53_OPT_LEN + (len - walk.reader.at) / walk.left[S53_ANSWER];
}
