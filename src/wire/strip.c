/* SPDX-License-Identifier: ISC
 *
 * strip.c - remove the OPT from a message: it is valid for one hop only (RFC 6891 s7).
 *
 * A message that passed s53_message_check() has pointers only in owner names and names of known
 * rdata, and they lead to such names only: only these must be corrected when the records behind the
 * OPT move.
 */
#include <split53/message.h>

#include "form.h"
#include "step.h"

/* Everything from `from` on moves by `by` bytes towards the front. */
struct move {
	uint8_t *message;
	size_t from;
	size_t by;
};

/* Skip the name at the reader, and correct its pointer for the move. */
static void
mend_name(const struct move *move, struct s53_reader *reader)
{
	size_t end = s53_name_step(reader);
	unsigned pointer;

	if (end == reader->at)
		return; /* it ends in the root */
	pointer = s53_u16_get(move->message + end);
	if ((pointer & 0x3fff) >= move->from)
		s53_u16_put(move->message + end, (uint16_t)(pointer - move->by));
}

static void
mend_record(const struct move *move, const struct s53_rr *rr)
{
	struct s53_reader reader = s53_reader_of(move->message, rr->end_at);
	const char *fields = s53_form_of(rr->type).fields;

	reader.at = rr->owner_at;
	mend_name(move, &reader);
	reader.at = rr->rdata_at;
	while (s53_form_next_name(&fields, &reader))
		mend_name(move, &reader);
}

static void
count_one_less(uint8_t *message)
{
	s53_header_set_count(
	    message, S53_ADDITIONAL, (uint16_t)(s53_header_count(message, S53_ADDITIONAL) - 1));
}

/* Usually it is: then nothing moves. */
static bool
is_last(const uint8_t *message, size_t len, size_t opt_at)
{
	return opt_at + S53_OPT_LEN <= len &&
	    opt_at + S53_OPT_LEN + s53_u16_get(message + opt_at + S53_OPT_LEN - 2) == len;
}

size_t
s53_message_strip_opt(uint8_t *message, size_t len, size_t opt_at)
{
	struct move move = { .message = message };
	struct s53_walk walk;
	struct s53_rr rr;

	if (opt_at != 0 && is_last(message, len, opt_at)) {
		count_one_less(message);
		return opt_at;
	}
	if (opt_at == 0 || !s53_walk_begin(&walk, message, len))
		return len;
	while (s53_walk_next(&walk, &rr)) {
		if (rr.owner_at == opt_at) {
			move.from = rr.end_at;
			move.by = rr.end_at - opt_at;
		} else if (move.by > 0) {
			mend_record(&move, &rr);
		}
	}
	if (move.by == 0)
		return len;
	memmove(message + opt_at, message + move.from, len - move.from);
	count_one_less(message);
	return len - move.by;
}
