/* SPDX-License-Identifier: ISC
 *
 * respell.c - letter case of names after a query in random case (0x20).
 *
 * A server copies labels of the question into owners, and into targets that it makes from them (a
 * DNAME's CNAME has the question's first labels, RFC 6672 s2.2). Only the uncompressed labels of a
 * name are examined: its pointer leads to another name, which is examined by itself.
 *
 * Our random letter case is undone wherever a label equals one of the query byte for byte. The
 * client's letter case is given to fewer labels: to those at the same position from the front or,
 * in a name that is uncompressed up to the root, at the same position from the end.
 */
#include <split53/message.h>

#include "form.h"
#include "step.h"

#define TYPE_SVCB 64

/* The uncompressed labels of a name. */
struct uncompressed_name {
	uint8_t *octets;
	size_t len; /* without the root's byte */
	bool to_root;
};

/* The uncompressed labels at the reader, which advances behind the name. */
static struct uncompressed_name
literal_of(uint8_t *message, struct s53_reader *reader)
{
	size_t begin = reader->at, end = s53_name_step(reader);
	bool to_root = end == reader->at;

	return (struct uncompressed_name){ message + begin, end - begin - to_root, to_root };
}

/* The length of the whole labels at its front that are the question's. */
static size_t
front_of(const struct uncompressed_name *name, const struct s53_name *question)
{
	size_t at = 0, most = question->len - 1u;

	while (at < name->len) {
		size_t len = 1u + name->octets[at];

		if (len > most - at ||
		    !s53_name_octets_equal(name->octets + at, question->octets + at, len))
			break;
		at += len;
	}
	return at;
}

/* The same at its end, behind `from` bytes. */
static size_t
back_of(const struct uncompressed_name *name, size_t from, const struct s53_name *question)
{
	size_t most = question->len - 1u;

	if (!name->to_root)
		return 0;
	for (; from < name->len; from += 1u + name->octets[from]) {
		size_t len = name->len - from;

		if (len <= most &&
		    s53_name_octets_equal(name->octets + from, question->octets + most - len, len))
			return len;
	}
	return 0;
}

/*
 * The fields of a type if its names may change their letter case. Signatures of the other types
 * cover the bytes as they are (RFC 4034 s6.2, RFC 6840 s5.1), and a server that signs its answers
 * online copies the question into NSEC.
 */
static const char *
fields_of(uint16_t type)
{
	switch (type) {
	case S53_TYPE_NSEC:
	case TYPE_SVCB:
	case S53_TYPE_HTTPS:
		return "*";
	default:
		return s53_form_of(type).fields;
	}
}

static void
respell(const struct uncompressed_name *name, const struct s53_name *spelling)
{
	size_t front = front_of(name, spelling);
	size_t back = back_of(name, front, spelling);

	memcpy(name->octets, spelling->octets, front);
	memcpy(name->octets + name->len - back, spelling->octets + spelling->len - 1 - back, back);
}

/* The owner, then the names of the rdata, while `effort` is not used up. */
static void
respell_record(
    uint8_t *message, const struct s53_rr *rr, const struct s53_name *spelling, unsigned *effort)
{
	struct s53_reader reader = s53_reader_of(message, rr->end_at);
	const char *fields = fields_of(rr->type);
	struct uncompressed_name name;

	reader.at = rr->owner_at;
	name = literal_of(message, &reader);
	if (name.len > 0) {
		--*effort;
		respell(&name, spelling);
	}
	reader.at = rr->rdata_at;
	while (*effort > 0 && s53_form_next_name(&fields, &reader)) {
		name = literal_of(message, &reader);
		--*effort;
		respell(&name, spelling);
	}
}

void
s53_message_respell(uint8_t *message, size_t len, const struct s53_name *spelling, unsigned effort)
{
	struct s53_reader question = s53_reader_of(message, len);
	struct s53_walk walk;
	struct s53_rr rr;

	question.at = S53_HEADER_LEN;
	if (!s53_walk_begin(&walk, message, len) || s53_header_count(message, S53_QUESTION) != 1 ||
	    !s53_name_read_equal(&question, spelling))
		return;
	memcpy(message + S53_HEADER_LEN, spelling->octets, spelling->len);
	while (effort > 0 && s53_walk_next(&walk, &rr))
		respell_record(message, &rr, spelling, &effort);
}

static bool
has_upper(const uint8_t *label)
{
	for (unsigned i = 1; i <= label[0]; i++)
		if (label[i] >= 'A' && label[i] <= 'Z')
			return true;
	return false;
}

static bool
has_label(const struct s53_name *name, const uint8_t *label)
{
	for (size_t at = 0; at < name->len; at += 1u + name->octets[at])
		if (name->octets[at] == label[0] &&
		    memcmp(name->octets + at, label, 1u + label[0]) == 0)
			return true;
	return false;
}

/* Most labels are in lower case; of labels with upper case, few are copies of ours. */
static bool
unspell(const struct uncompressed_name *name, const struct s53_name *scrambled)
{
	bool changed = false;

	for (size_t at = 0; at < name->len; at += 1u + name->octets[at]) {
		uint8_t *label = name->octets + at;

		if (!has_upper(label) || !has_label(scrambled, label))
			continue;
		for (unsigned i = 1; i <= label[0]; i++)
			if (label[i] >= 'A' && label[i] <= 'Z')
				label[i] |= 0x20;
		changed = true;
	}
	return changed;
}

/* Most owners are pointers, and most records are addresses: these need no work. */
bool
s53_rr_unspell(uint8_t *message, const struct s53_rr *rr, const struct s53_name *scrambled)
{
	struct s53_reader reader = s53_reader_of(message, rr->end_at);
	struct uncompressed_name name;
	const char *fields;
	bool changed = false;

	if (message[rr->owner_at] <= S53_LABEL_MAX) {
		reader.at = rr->owner_at;
		name = literal_of(message, &reader);
		changed = unspell(&name, scrambled);
	}
	if (rr->type == S53_TYPE_A || rr->type == S53_TYPE_AAAA)
		return changed;
	fields = fields_of(rr->type);
	reader.at = rr->rdata_at;
	while (s53_form_next_name(&fields, &reader)) {
		name = literal_of(message, &reader);
		changed = unspell(&name, scrambled) || changed;
	}
	return changed;
}
