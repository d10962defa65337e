/* SPDX-License-Identifier: ISC
 *
 * respell.c - give names back in the client's letter case after a question asked in random case.
 */
#include <split53/message.h>

#include "step.h"

/*
 * Only the literal labels of a name are its own to write; what its pointer leads to is the
 * question or another name, which gets the spelling in its own turn.
 */
static void
respell_name(uint8_t *message, size_t len, size_t at, const struct s53_name *spelling)
{
	struct s53_reader reader = s53_reader_of(message, len);
	struct s53_reader whole;
	size_t literal;

	reader.at = at;
	whole = reader;
	literal = s53_name_step(&reader) - at;
	if (literal > 0 && s53_name_read_equal(&whole, spelling))
		memcpy(message + at, spelling->octets, literal);
}

void
s53_message_respell(uint8_t *message, size_t len, const struct s53_name *spelling)
{
	struct s53_walk walk;
	struct s53_rr rr;

	if (!s53_walk_begin(&walk, message, len))
		return;
	if (s53_header_count(message, S53_QUESTION) == 1)
		respell_name(message, len, S53_HEADER_LEN, spelling);
	while (s53_walk_next(&walk, &rr))
		respell_name(message, len, rr.owner_at, spelling);
}
