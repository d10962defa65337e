/* SPDX-License-Identifier: ISC
 *
 * request.c - parse a query. This is done first for every packet: one pass, no allocation, and of
 * the two names in the question only the bytes in use are written.
 */
#include <split53/request.h>

#include <split53/header.h>

static bool
read_question(struct s53_reader *reader, struct s53_question *out)
{
	if (!s53_name_read(reader, &out->name))
		return false;
	out->qtype = s53_read_u16(reader);
	out->qclass = s53_read_u16(reader);
	if (reader->bad)
		return false;
	s53_name_lower_of(&out->name, &out->lower);
	return true;
}

/* One record after the question: an OPT is read into *edns, others are skipped. */
static bool
read_record(struct s53_reader *reader, enum s53_section section, struct s53_edns *edns)
{
	size_t owner_at = reader->at;
	uint16_t type;

	if (!s53_name_skip(reader))
		return false;
	bool root_owner = reader->at - owner_at == 1;
	type = s53_read_u16(reader);
	if (type != S53_TYPE_OPT) {
		s53_read(reader, 6); /* class, TTL */
		s53_read(reader, s53_read_u16(reader));
		return !reader->bad;
	}
	/* RFC 6891 s6.1.1: one, in additional, with the root as owner */
	if (section != S53_ADDITIONAL || edns->present || !root_owner)
		return false;
	return s53_edns_read(reader, edns);
}

static bool
read_body(struct s53_reader *reader, struct s53_request *out)
{
	const uint8_t *header = reader->octets;

	/* RFC 9619: exactly one question */
	if (s53_header_count(header, S53_QUESTION) != 1 || !read_question(reader, &out->question))
		return false;
	out->has_question = true;
	for (enum s53_section section = S53_ANSWER; section <= S53_ADDITIONAL; section++)
		for (unsigned left = s53_header_count(header, section); left > 0; left--)
			if (!read_record(reader, section, &out->edns))
				return false;
	return true; /* bytes after the records are ignored, as in BIND */
}

enum s53_request_verdict
s53_request_parse(const uint8_t *octets, size_t len, struct s53_request *out)
{
	struct s53_reader reader = s53_reader_of(octets, len);
	bool formed;

	if (s53_read(&reader, S53_HEADER_LEN) == NULL)
		return S53_REQUEST_SILENCE;
	out->flags = s53_header_flags(octets);
	if ((out->flags & S53_QR) != 0)
		return S53_REQUEST_SILENCE;
	out->id = s53_header_id(octets);
	out->has_question = false;
	out->edns = (struct s53_edns){ .present = false };
	formed = read_body(&reader, out);
	/* With another opcode the body may have another form, so that is tested first. */
	if (s53_header_opcode(octets) != S53_OPCODE_QUERY)
		return S53_REQUEST_NOTIMP;
	if (!formed)
		return S53_REQUEST_FORMERR;
	return out->edns.version > 0 ? S53_REQUEST_BADVERS : S53_REQUEST_OK;
}
