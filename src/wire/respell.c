/* SPDX-License-Identifier: ISC
 *
 * respell.c - give names back in the client's letter case after a question asked in random case.
 */
#include <split53/message.h>

#include "step.h"

/*
 * Only the literal labels of a name are its own to write; what its pointer leads to is the
 * question or another name, which gets the spelling in its own turn. Returns their length; 0: it is
 * another name.
 */
static size_t
literal_of(
    const struct s53_reader *message, size_t at, const struct s53_name *spelling, unsigned *effort)
{
	struct s53_reader owner = *message, name = *message;
	size_t literal;

	owner.at = name.at = at;
	literal = s53_name_step(&owner) - at;
	if (owner.at - at != literal) /* a pointer ends it */
		return s53_name_equal_at(message, at, S53_HEADER_LEN, effort) ? literal : 0;
	return literal == spelling->len && s53_name_read_equal(&name, spelling) ? literal : 0;
}

void
s53_message_respell(uint8_t *message, size_t len, const struct s53_name *spelling, unsigned effort)
{
	struct s53_reader reader = s53_reader_of(message, len), question = reader;
	struct s53_walk walk;
	struct s53_rr rr;
	size_t literal;

	question.at = S53_HEADER_LEN;
	if (!s53_walk_begin(&walk, message, len) || s53_header_count(message, S53_QUESTION) != 1 ||
	    !s53_name_read_equal(&question, spelling))
		return;
	memcpy(message + S53_HEADER_LEN, spelling->octets, spelling->len);
	while (effort > 0 && s53_walk_next(&walk, &rr)) {
		if (message[rr.owner_at] != spelling->octets[0])
			continue;
		effort--;
		literal = literal_of(&reader, rr.owner_at, spelling, &effort);
		memcpy(message + rr.owner_at, spelling->octets, literal);
	}
}
