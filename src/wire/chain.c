/* SPDX-License-Identifier: ISC
 *
 * chain.c - where the aliases of an answer lead.
 */
#include <split53/message.h>

enum found { NOTHING, ALIAS, RECORD };

struct chain {
	struct s53_walk answers; /* stands at the first answer */
	uint16_t qtype;
	unsigned count;
	size_t owner_at[S53_CHAIN_MAX]; /* the names that were left behind */
};

/* A record of the wanted type owned by `name`, or else its CNAME: into *out. */
static enum found
find(const struct chain *chain, const struct s53_name *name, struct s53_rr *out)
{
	struct s53_walk walk = chain->answers;
	enum found found = NOTHING;
	struct s53_rr rr;

	while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER) {
		struct s53_reader owner = walk.reader;
		bool wanted = rr.type == chain->qtype || chain->qtype == S53_TYPE_ANY;

		owner.at = rr.owner_at;
		if ((!wanted && (rr.type != S53_TYPE_CNAME || found == ALIAS)) ||
		    !s53_name_read_equal(&owner, name))
			continue;
		*out = rr;
		if (wanted)
			return RECORD;
		found = ALIAS;
	}
	return found;
}

/* Has the chain been at `name` before? */
static bool
been_at(const struct chain *chain, const struct s53_name *name)
{
	for (unsigned i = 0; i < chain->count; i++) {
		struct s53_reader reader = chain->answers.reader;

		reader.at = chain->owner_at[i];
		if (s53_name_read_equal(&reader, name))
			return true;
	}
	return false;
}

unsigned
s53_message_chain(const uint8_t *message, size_t len, const struct s53_name *qname, uint16_t qtype,
    struct s53_name *end, bool *answered)
{
	struct chain chain = { .qtype = qtype };
	enum found found = NOTHING;
	struct s53_rr rr;

	end->len = qname->len;
	memcpy(end->octets, qname->octets, qname->len);
	if (s53_walk_begin(&chain.answers, message, len))
		found = find(&chain, end, &rr);
	while (found == ALIAS && chain.count < S53_CHAIN_MAX) {
		struct s53_reader target = chain.answers.reader;

		target.at = rr.rdata_at;
		if (!s53_name_read(&target, end))
			break;
		chain.owner_at[chain.count++] = rr.owner_at;
		if (been_at(&chain, end))
			break;
		found = find(&chain, end, &rr);
	}
	*answered = found == RECORD;
	return chain.count;
}
