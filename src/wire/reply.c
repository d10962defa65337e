/* SPDX-License-Identifier: ISC
 *
 * reply.c - write a message, its names compressed against those that are in it already.
 *
 * For each label that is written uncompressed, its offset and a hash of the name that begins with
 * it are stored while slots are free; a later name looks for its longest suffix among them. Letter
 * case is ignored for that (RFC 4343 s4.1): a suffix gets the letter case of the name at which it
 * points. The question is written first, so its own letter case is always preserved.
 */
#include <split53/reply.h>

#include "compress.h"
#include "form.h"

/* A record to be written; the reader is at its rdata and ends with it. */
struct record {
	const struct s53_name *owner;
	uint16_t type, class;
	uint32_t ttl;
	struct s53_reader rdata;
};

void
s53_reply_begin(struct s53_reply *reply, uint8_t *octets, size_t cap, uint16_t id, uint16_t flags,
    const struct s53_question *question)
{
	struct s53_writer *writer = &reply->writer;

	*writer = s53_writer_of(octets, cap < S53_MESSAGE_MAX ? cap : S53_MESSAGE_MAX);
	memset(reply->counts, 0, sizeof(reply->counts));
	reply->section = S53_QUESTION;
	reply->truncated = false;
	reply->compress_count = 0;
	s53_write_u16(writer, id);
	s53_write_u16(writer, flags);
	s53_write_reserve(writer, 8); /* the counts: s53_reply_end() */
	if (question == NULL)
		return;
	s53_reply_name(reply, &question->name, false);
	s53_write_u16(writer, question->qtype);
	s53_write_u16(writer, question->qclass);
	reply->counts[S53_QUESTION] = 1;
}

/* false: the rdata is not well formed for its type */
static bool
write_rdata(struct s53_reply *reply, const struct record *record)
{
	struct s53_form form = s53_form_of(record->type);
	struct s53_reader rdata = record->rdata;
	size_t length_at = reply->writer.at;
	bool name_next;

	s53_write_u16(&reply->writer, 0);
	do {
		size_t from = rdata.at;
		struct s53_name name;

		name_next = s53_form_next_name(&form.fields, &rdata);
		s53_write(&reply->writer, rdata.octets + from, rdata.at - from);
		if (name_next && s53_name_read(&rdata, &name))
			s53_reply_name(reply, &name, form.compress);
	} while (name_next && !rdata.bad);
	if (rdata.bad || rdata.at != rdata.len)
		return false;
	if (!reply->writer.full)
		s53_u16_put(
		    reply->writer.octets + length_at, (uint16_t)(reply->writer.at - length_at - 2));
	return true;
}

/* Append the record in full or not at all. */
static bool
append(struct s53_reply *reply, enum s53_section section, const struct record *record)
{
	struct s53_writer before = reply->writer;
	uint16_t compress_before = reply->compress_count;
	bool formed;

	S53_ASSERT(section >= reply->section && section <= S53_ADDITIONAL);
	if (reply->truncated)
		return false; /* a record is missing already, so none may follow */
	reply->section = section;
	s53_reply_name(reply, record->owner, true);
	s53_write_u16(&reply->writer, record->type);
	s53_write_u16(&reply->writer, record->class);
	s53_write_u32(&reply->writer, record->ttl);
	formed = write_rdata(reply, record);
	if (formed && !reply->writer.full) {
		reply->counts[section]++;
		return true;
	}
	/* RFC 2181 s9: a record missing from additional needs no TC */
	reply->truncated = formed && section != S53_ADDITIONAL;
	reply->writer = before;
	reply->compress_count = compress_before;
	return false;
}

bool
s53_reply_add(struct s53_reply *reply, enum s53_section section, const struct s53_name *owner,
    uint16_t type, uint16_t class, uint32_t ttl, const uint8_t *rdata, uint16_t rdata_len)
{
	struct record record = {
		.owner = owner,
		.type = type,
		.class = class,
		.ttl = ttl,
		.rdata = s53_reader_of(rdata, rdata_len),
	};

	return append(reply, section, &record);
}

bool
s53_reply_copy(struct s53_reply *reply, enum s53_section section, const uint8_t *message,
    size_t len, const struct s53_rr *rr)
{
	struct s53_reader reader = s53_reader_of(message, len);
	struct s53_name owner;
	struct record record = {
		.owner = &owner,
		.type = rr->type,
		.class = rr->class,
		.ttl = rr->ttl,
		.rdata = s53_reader_of(message, rr->end_at),
	};

	reader.at = rr->owner_at;
	record.rdata.at = rr->rdata_at;
	return s53_name_read(&reader, &owner) && append(reply, section, &record);
}

size_t
s53_reply_end(struct s53_reply *reply, const struct s53_edns_reply *edns)
{
	struct s53_writer *writer = &reply->writer;
	uint8_t *message = writer->octets;
	size_t opt_len = edns == NULL ? 0 : s53_edns_reply_len(edns);

	for (enum s53_section section = S53_QUESTION; section <= S53_ADDITIONAL; section++)
		s53_header_set_count(message, section, reply->counts[section]);
	if (reply->truncated)
		s53_header_set_flags(message, s53_header_flags(message) | S53_TC);
	/* RFC 6891 s7: the OPT must be in the response, so records are removed for it. */
	if (opt_len > writer->cap - writer->at && opt_len < writer->cap)
		writer->at = s53_message_cut(message, writer->at, writer->cap - opt_len);
	if (opt_len == 0 || opt_len > writer->cap - writer->at)
		return writer->at;
	s53_edns_write(writer, edns);
	s53_header_set_count(
	    message, S53_ADDITIONAL, (uint16_t)(s53_header_count(message, S53_ADDITIONAL) + 1));
	return writer->at;
}

size_t
s53_reply_error(uint8_t *octets, size_t cap, const struct s53_request *request, uint16_t rcode,
    bool recursion_available, const struct s53_edns_reply *edns)
{
	struct s53_edns_reply opt = {
		.udp_size = S53_EDNS_SIZE, .ede_code = S53_EDE_NONE, .keepalive = -1
	};
	uint16_t flags = request->flags & (S53_OPCODE_BITS | S53_RD | S53_CD);
	struct s53_reply reply;

	flags |= S53_QR | (rcode & S53_RCODE_BITS);
	if (recursion_available)
		flags |= S53_RA;
	s53_reply_begin(&reply, octets, cap, request->id, flags,
	    request->has_question ? &request->question : NULL);
	if (!request->edns.present)
		return s53_reply_end(&reply, NULL);
	if (edns != NULL)
		opt = *edns;
	opt.rcode = rcode;
	opt.dnssec_ok = request->edns.dnssec_ok; /* RFC 3225 s3: copied */
	if (s53_edns_reply_len(&opt) > cap - reply.writer.at) {
		opt.ede_text = NULL; /* the code is enough */
		opt.upstream_error = NULL;
		opt.nsid = NULL;
	}
	return s53_reply_end(&reply, &opt);
}
