/* SPDX-License-Identifier: ISC
 *
 * check.c - the check that every message from a server must pass.
 *
 * Besides the form of each part, one property is checked that keeps the message valid when it is
 * changed later: a compression pointer must lead to the start of a label of an earlier name
 * (RFC 1035 s4.1.4: "a prior occurrence"). Pointers into a TTL, an OPT or the header would change
 * their meaning when the message is aged, stripped or given another ID. A bitmap has one bit for
 * each byte that a pointer can reach, set where a label begins. The names are owner names and those
 * in rdata of the types in form.c, but not those in an OPT or in opaque rdata.
 *
 * Accepted on purpose: negative answers without SOA, duplicate records, RRsets with different TTLs,
 * no question (BIND's FORMERR), TXT without a string, types that do not belong in an answer.
 */
#include <split53/message.h>

#include "form.h"
#include "step.h"

#define POINTER_REACH 0x4000u

struct check {
	struct s53_reader reader;
	uint8_t begins[POINTER_REACH / 8]; /* bit: a label begins at this byte */
};

static bool
begins_at(const struct check *check, size_t at)
{
	return (check->begins[at / 8] >> at % 8 & 1) != 0;
}

/* Check the name at `reader` and mark where its labels begin. */
static bool
check_name(struct check *check, struct s53_reader *reader)
{
	struct s53_reader run = *reader;

	if (!s53_name_skip(reader))
		return false;
	for (;;) {
		size_t at = run.at;
		uint8_t length = s53_read_u8(&run);

		if (at < POINTER_REACH)
			check->begins[at / 8] |= (uint8_t)(1u << at % 8);
		if (length == 0)
			return true;
		if (length > S53_LABEL_MAX)
			return begins_at(check, (size_t)(length & 0x3f) << 8 | s53_read_u8(&run));
		s53_read(&run, length);
	}
}

static bool
check_rdata(struct check *check, uint16_t type, size_t end)
{
	struct s53_reader rdata = check->reader;
	const char *fields = s53_form_of(type).fields;

	rdata.len = end;
	while (s53_form_next_name(&fields, &rdata))
		if (!check_name(check, &rdata))
			return false;
	check->reader.at = end;
	return !rdata.bad && rdata.at == end;
}

static bool
check_record(struct check *check, enum s53_section section, struct s53_edns *edns, size_t *opt_at)
{
	struct s53_reader *reader = &check->reader;
	struct s53_reader owner = *reader;
	uint16_t type, len;

	s53_name_step(reader);
	type = s53_read_u16(reader);
	if (type == S53_TYPE_OPT) { /* RFC 6891 s6.1.1 */
		if (section != S53_ADDITIONAL || edns->present || s53_read_u8(&owner) != 0)
			return false;
		*opt_at = owner.at - 1;
		return s53_edns_read(reader, edns);
	}
	if (reader->bad || !check_name(check, &owner))
		return false;
	s53_read(reader, 6); /* class, TTL */
	len = s53_read_u16(reader);
	if (reader->bad || len > reader->len - reader->at)
		return false;
	return check_rdata(check, type, reader->at + len);
}

/* Check the message at the start of these bytes. Returns its length; 0: it is malformed. */
static size_t
check_first(const uint8_t *message, size_t len, struct s53_edns *edns, size_t *opt_at)
{
	struct check check;
	struct s53_reader *reader = &check.reader;

	*edns = (struct s53_edns){ .present = false };
	*opt_at = 0;
	*reader = s53_reader_of(message, len);
	if (len > S53_MESSAGE_MAX || s53_read(reader, S53_HEADER_LEN) == NULL)
		return 0;
	memset(check.begins, 0, len < POINTER_REACH ? len / 8 + 1 : sizeof(check.begins));
	if (s53_header_count(message, S53_QUESTION) > 1)
		return 0;
	if (s53_header_count(message, S53_QUESTION) == 1) {
		if (!check_name(&check, reader) || s53_read(reader, 4) == NULL)
			return 0;
	}
	for (enum s53_section section = S53_ANSWER; section <= S53_ADDITIONAL; section++)
		for (unsigned left = s53_header_count(message, section); left > 0; left--)
			if (!check_record(&check, section, edns, opt_at))
				return 0;
	return reader->at;
}

bool
s53_message_check(const uint8_t *message, size_t len, struct s53_edns *edns, size_t *opt_at)
{
	return len > 0 && check_first(message, len, edns, opt_at) == len;
}

bool
s53_message_check_arrived(const uint8_t *octets, size_t *len, struct s53_edns *edns, size_t *opt_at)
{
	size_t message_len = check_first(octets, *len, edns, opt_at);

	if (message_len == 0)
		return false;
	*len = message_len;
	return true;
}
