/* SPDX-License-Identifier: ISC
 *
 * fit.c - copy as much of a message as fits a datagram.
 *
 * The last record that fits is found by bisection. If it is in the answer section, its RRset is
 * split, and TC says so. Clients that ignore TC must not always get the same records of it, so the
 * copy may begin at any record of the RRset and continues at its first after its last. Records are
 * moved only where no compression pointer leads to a wrong name afterwards: where the names of
 * their rdata end in the root or lead to before the RRset. Records with such names are rotated but
 * not shuffled: moving them costs too much.
 */
#include <split53/fit.h>

#include "form.h"
#include "sets.h"
#include "step.h"

#define POINTER_TARGET 0x3fffu
#define ALIASES_MAX 20 /* records before the split RRset */
#define NAMED_MAX 20 /* records with names of a split RRset that are examined */
#define SHUFFLED_MAX 40 /* records that are shuffled rather than rotated */
#define TAIL_MAX 8 /* records behind the split RRset: its signatures */
#define OCTETS_MAX 4096 /* bytes of names that are read where the seams are not known */
#define RECORDS_MAX 400 /* a datagram of 4,096 bytes has no more than 372 */

struct fitting {
	const uint8_t *message;
	const struct s53_records *records;
	struct s53_fit *fit;
	uint8_t *out;
	size_t begin; /* of the first record */
};

/*
 * The RRset of the last record that fits: from its first record to its last, [first, end). Records
 * of other RRsets may be among them.
 */
struct split_set {
	unsigned first, end;
	size_t begin; /* of the first */
	size_t head_len; /* of owner, type and class, which are the same in all of them */
	bool has_names;
};

static inline size_t
end_of(const struct fitting *it, unsigned i)
{
	size_t len_at = it->records->ttl_at[i] + 4u;

	return len_at + 2 + s53_u16_get(it->message + len_at);
}

static inline size_t
begin_of(const struct fitting *it, unsigned i)
{
	return i == 0 ? it->begin : end_of(it, i - 1);
}

/* How many records end within the limit? */
static unsigned
count_within(const struct fitting *it)
{
	unsigned low = 0, high = it->records->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (end_of(it, middle) <= it->fit->limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_seam(const struct s53_records *records, unsigned i)
{
	return records->seams != NULL && i < records->count &&
	    (records->seams[i / 8] >> i % 8 & 1) != 0;
}

/* Copy `count` records from the i-th on to `at`. Returns where they end. */
static size_t
copy_records(const struct fitting *it, unsigned i, unsigned count, size_t at)
{
	const struct s53_fit *fit = it->fit;
	size_t begin = begin_of(it, i), len = begin_of(it, i + count) - begin;
	const uint16_t *ttl_at = it->records->ttl_at + i;

	memcpy(it->out + at, it->message + begin, len);
	for (; count > 0; count--, ttl_at++) {
		uint32_t ttl = s53_u32_get(it->message + *ttl_at);

		s53_u32_put(it->out + at + (*ttl_at - begin),
		    ttl > fit->age_s ? ttl - fit->age_s : fit->least);
	}
	return at + len;
}

/* Copy the header, the question and the first records unchanged. */
static size_t
copy_first(const struct fitting *it, unsigned count)
{
	memcpy(it->out, it->message, it->begin);
	return copy_records(it, 0, count, it->begin);
}

/* Does it begin with the same head? An owner is usually a pointer: then the head has six bytes. */
static inline bool
is_like(const struct fitting *it, const struct split_set *torn, unsigned i, size_t begin)
{
	const uint8_t *head = it->message + begin, *first = it->message + torn->begin;

	if (it->records->ttl_at[i] - begin != torn->head_len)
		return false;
	if (torn->head_len == 6)
		return memcmp(head, first, 4) == 0 && memcmp(head + 4, first + 4, 2) == 0;
	return memcmp(head, first, torn->head_len) == 0;
}

/* RRsets of one record each, or with an order that must not be changed. */
static bool
keeps_its_order(uint16_t type)
{
	return type == S53_TYPE_CNAME || type == S53_TYPE_DNAME || type == S53_TYPE_SOA ||
	    type == S53_TYPE_RRSIG || type == S53_TYPE_SIG;
}

/* Find the RRset that a cut behind the first `kept` records splits. false: it must not be moved. */
static bool
find_split(const struct fitting *it, unsigned kept, unsigned answers, struct split_set *torn)
{
	uint16_t type = s53_u16_get(it->message + it->records->ttl_at[kept - 1] - 4);

	torn->first = kept - 1;
	torn->begin = begin_of(it, torn->first);
	torn->head_len = it->records->ttl_at[torn->first] - torn->begin;
	torn->has_names = strchr(s53_form_of(type).fields, 'n') != NULL;
	torn->end = answers;
	if (keeps_its_order(type))
		return false;
	for (unsigned i = 0; i < ALIASES_MAX && i < kept; i++) {
		size_t begin = begin_of(it, i);

		if (is_like(it, torn, i, begin)) {
			torn->first = i;
			torn->begin = begin;
			break;
		}
	}
	for (unsigned i = 0; i < TAIL_MAX && torn->end > kept; i++, torn->end--)
		if (is_like(it, torn, torn->end - 1, begin_of(it, torn->end - 1)))
			return true;
	return false;
}

/* Can the record be moved, because no name of its rdata leads into the RRset? */
static bool
is_movable(const struct fitting *it, const struct split_set *torn, unsigned i, size_t end)
{
	struct s53_reader reader = s53_reader_of(it->message, end);
	size_t type_at = it->records->ttl_at[i] - 4u;
	const char *fields = s53_form_of(s53_u16_get(it->message + type_at)).fields;

	reader.at = it->records->ttl_at[i] + 6u;
	while (s53_form_next_name(&fields, &reader)) {
		size_t stop = s53_name_step(&reader);

		if (stop != reader.at &&
		    (s53_u16_get(it->message + stop) & POINTER_TARGET) >= torn->begin)
			return false;
	}
	return !reader.bad;
}

/* How many records of the split RRset, from the i-th on and around, fit? 0: they cannot move. */
static unsigned
count_around(const struct fitting *it, const struct split_set *torn, unsigned i)
{
	unsigned room = torn->has_names ? NAMED_MAX : S53_FIT_ANSWERS_MAX - torn->first;
	unsigned most = torn->end - torn->first, count = 0;
	size_t begin = begin_of(it, i), at = torn->begin;

	if (most > room)
		most = room;
	for (; count < most; count++) {
		size_t end = end_of(it, i);

		if (!is_like(it, torn, i, begin) ||
		    (torn->has_names && !is_movable(it, torn, i, end)))
			return 0;
		at += end - begin;
		if (at > it->fit->limit)
			break;
		begin = end;
		if (++i == torn->end) {
			i = torn->first;
			begin = torn->begin;
		}
	}
	return count;
}

/* Write the records of the split RRset from the spin on. Returns how many; 0: they cannot move. */
static unsigned
copy_around(const struct fitting *it, const struct split_set *torn, size_t *len)
{
	unsigned i = torn->first + it->fit->spin % (torn->end - torn->first);
	unsigned count = count_around(it, torn, i);
	unsigned to_end = count < torn->end - i ? count : torn->end - i;

	if (count == 0)
		return 0;
	*len = copy_records(it, i, to_end, torn->begin);
	*len = copy_records(it, torn->first, count - to_end, *len);
	return count;
}

/* Copy what fits of an answer section. Returns how many of its records are copied. */
static unsigned
copy_answers(const struct fitting *it, unsigned kept, unsigned answers, size_t *len)
{
	struct split_set torn;
	unsigned around;

	if (kept > S53_FIT_ANSWERS_MAX)
		kept = S53_FIT_ANSWERS_MAX;
	if (answers > it->records->count)
		answers = it->records->count;
	it->fit->settled = true;
	if (kept > 0 && find_split(it, kept, answers, &torn)) {
		around = it->fit->spin != 0 ? copy_around(it, &torn, len) : 0;
		it->fit->settled =
		    torn.has_names || around > SHUFFLED_MAX || (around > 0 && it->fit->rotate);
		if (around > 0) {
			copy_first(it, torn.first);
			return torn.first + around;
		}
	}
	*len = copy_first(it, kept);
	return kept;
}

size_t
s53_message_fit(
    const uint8_t *message, const struct s53_records *records, struct s53_fit *fit, uint8_t *out)
{
	struct s53_reader reader = s53_reader_of(message, S53_MESSAGE_MAX);
	struct fitting it = { .message = message, .records = records, .fit = fit, .out = out };
	unsigned answers = s53_header_count(message, S53_ANSWER);
	unsigned before = answers + s53_header_count(message, S53_AUTHORITY);
	unsigned kept, first;
	bool truncated;
	size_t len;

	reader.at = S53_HEADER_LEN;
	s53_name_step(&reader);
	it.begin = reader.at + 4;
	fit->settled = false;
	kept = count_within(&it);
	truncated = kept < before || it.begin > fit->limit;
	if (kept < answers) {
		kept = copy_answers(&it, kept, answers, &len);
	} else {
		for (first = kept < before ? answers : before; kept > first; kept--)
			if (is_seam(records, kept))
				break;
		len = copy_first(&it, kept);
	}
	if (answers > kept)
		answers = kept;
	if (before > kept)
		before = kept;
	s53_header_set_count(out, S53_ANSWER, (uint16_t)answers);
	s53_header_set_count(out, S53_AUTHORITY, (uint16_t)(before - answers));
	s53_header_set_count(out, S53_ADDITIONAL, (uint16_t)(kept - before));
	if (truncated)
		s53_header_set_flags(out, s53_header_flags(out) | S53_TC);
	return len;
}

size_t
s53_message_fit_unknown(const uint8_t *message, size_t len, struct s53_fit *fit, uint8_t *out)
{
	unsigned answers = s53_header_count(message, S53_ANSWER);
	uint8_t seams[S53_SEAMS_LEN(RECORDS_MAX)];
	uint16_t ttl_at[RECORDS_MAX];
	struct s53_records records = { .ttl_at = ttl_at };
	size_t answer_end = 0;
	struct s53_walk walk;
	struct s53_rr rr;

	s53_walk_begin(&walk, message, len);
	while (records.count < RECORDS_MAX && s53_walk_next(&walk, &rr)) {
		ttl_at[records.count++] = (uint16_t)rr.ttl_at;
		if (records.count == answers)
			answer_end = rr.end_at;
	}
	/* A cut within the answer section needs no seams. */
	if (answers == 0 || (answer_end > 0 && answer_end <= fit->limit)) {
		s53_message_seams(message, len, records.count, OCTETS_MAX, seams);
		records.seams = seams;
	}
	return s53_message_fit(message, &records, fit, out);
}
