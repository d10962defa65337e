/* SPDX-License-Identifier: ISC
 *
 * render.c - records as lines of text.
 *
 * Owner and TTL are written here, so that an owner has the same form as everywhere else in this
 * program ('$' and '@' are escaped, since they have a meaning in zone files); ldns writes class,
 * type and data. What ldns cannot read, or what would break the line, is written in the form of
 * RFC 3597 s5 for unknown types.
 */
#include <split53/render.h>

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include <ldns/ldns.h>

#include <split53/reply.h>

#include "index.h"

#define TEXT_ROOM 512 /* initial size */
#define ZONE_RECORD_ROOM (S53_MESSAGE_MAX + 512) /* a header, an owner and the largest rdata */

struct rendering {
	FILE *out;
	const uint8_t *message;
	size_t len;
	uint32_t age_s;
	bool fixed_ttl;
	uint32_t ttl; /* when it is fixed */
	ldns_buffer *text;
};

static uint32_t
ttl_of(const struct rendering *r, const struct s53_rr *rr)
{
	if (r->fixed_ttl)
		return r->ttl;
	return s53_ttl_of(rr->ttl) < r->age_s ? 0 : s53_ttl_of(rr->ttl) - r->age_s;
}

static struct s53_name
name_at(const struct rendering *r, size_t at)
{
	struct s53_reader reader = s53_reader_of(r->message, r->len);
	struct s53_name name = { 0 };

	reader.at = at;
	if (!s53_name_read(&reader, &name))
		name = (struct s53_name){ .len = 1, .octets = { 0 } };
	return name;
}

static void
write_name(FILE *out, const struct s53_name *name)
{
	char text[S53_NAME_TEXT];

	fprintf(out, "%s%s", s53_name_print(name, text), name->len > 1 ? "." : "");
}

/* ldns accepts data without its last fields, and then writes text that it cannot read back. */
static bool
is_whole(const ldns_rr *rr)
{
	return ldns_rr_rd_count(rr) >=
	    ldns_rr_descriptor_minimum(ldns_rr_descript((uint16_t)ldns_rr_get_type(rr)));
}

/* ".\t0\tIN\tA\t192.0.2.1\n" in r->text, or false: ldns cannot read or write it. */
static bool
ask_ldns(struct rendering *r, const struct s53_rr *rr, bool *no_memory)
{
	size_t at = rr->owner_at;
	ldns_rr *read = NULL;
	ldns_status said = ldns_wire2rr(&read, r->message, r->len, &at, LDNS_SECTION_ANSWER);
	bool fine = false;

	ldns_buffer_clear(r->text);
	if (said == LDNS_STATUS_OK && at == rr->end_at && is_whole(read)) {
		ldns_rdf *root = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, 1, "");

		said = LDNS_STATUS_MEM_ERR;
		if (root != NULL) { /* the owner is written here */
			ldns_rdf_deep_free(ldns_rr_owner(read));
			ldns_rr_set_owner(read, root);
			ldns_rr_set_ttl(read, 0);
			said = ldns_rr2buffer_str_fmt(r->text, ldns_output_format_nocomments, read);
		}
		fine = said == LDNS_STATUS_OK;
	}
	*no_memory = said == LDNS_STATUS_MEM_ERR;
	ldns_rr_free(read);
	return fine;
}

/* The text after ".\t0\t" if it is one line without control characters. */
static const char *
one_line(const struct rendering *r, size_t *len)
{
	static const char before[] = ".\t0\t";
	const char *text = (const char *)ldns_buffer_begin(r->text);
	size_t skip = sizeof(before) - 1;

	*len = ldns_buffer_position(r->text);
	if (*len <= skip + 1 || memcmp(text, before, skip) != 0 || text[*len - 1] != '\n')
		return NULL;
	text += skip;
	*len -= skip + 1;
	for (size_t i = 0; i < *len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return NULL;
	return text;
}

/* RFC 3597 s5, the rdata with its names decompressed. */
static bool
write_unknown(struct rendering *r, const struct s53_rr *rr)
{
	uint8_t *octets = malloc(S53_MESSAGE_MAX);
	bool fine = octets != NULL;
	struct s53_reply reply;
	struct s53_walk walk;
	struct s53_rr alone;

	if (!fine)
		return false;
	if (rr->class == S53_CLASS_IN)
		fprintf(r->out, "IN\tTYPE%u", rr->type);
	else
		fprintf(r->out, "CLASS%u\tTYPE%u", rr->class, rr->type);
	s53_reply_begin(&reply, octets, S53_MESSAGE_MAX, 0, S53_QR, NULL);
	if (s53_reply_copy(&reply, S53_ANSWER, r->message, r->len, rr) &&
	    s53_walk_begin(&walk, octets, s53_reply_end(&reply, NULL)) &&
	    s53_walk_next(&walk, &alone)) {
		fprintf(r->out, "\t\\# %u", alone.rdata_len);
		for (size_t i = 0; i < alone.rdata_len; i++)
			fprintf(r->out, "%s%02x", i == 0 ? " " : "", octets[alone.rdata_at + i]);
	} else { /* it fits 64 KiB only with compressed names */
		fputs("\t\\# 0", r->out);
	}
	free(octets);
	return true;
}

static bool
write_record(struct rendering *r, const struct s53_rr *rr)
{
	struct s53_name owner = name_at(r, rr->owner_at);
	bool no_memory = false;
	const char *text = NULL;
	size_t len = 0;

	if (ask_ldns(r, rr, &no_memory))
		text = one_line(r, &len);
	if (no_memory)
		return false;
	write_name(r->out, &owner);
	fprintf(r->out, "\t%" PRIu32 "\t", ttl_of(r, rr));
	if (text != NULL)
		fwrite(text, 1, len, r->out);
	else if (!write_unknown(r, rr))
		return false;
	fputc('\n', r->out);
	return ferror(r->out) == 0;
}

/* What the message says about its question. */
struct verdict {
	struct s53_name end; /* where its CNAMEs lead */
	uint16_t qtype;
	bool negative, nxdomain; /* RFC 2308 s2 */
};

static struct verdict
judge(const struct rendering *r, const struct s53_question *question)
{
	struct verdict verdict = { .end = question->name, .qtype = question->qtype };
	bool found = false;
	struct s53_walk walk;
	struct s53_rr rr;

	verdict.nxdomain = s53_header_rcode(r->message) == S53_RCODE_NXDOMAIN;
	if (s53_walk_begin(&walk, r->message, r->len))
		while (s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER) {
			struct s53_name owner = name_at(r, rr.owner_at);

			if (verdict.qtype == S53_TYPE_ANY || rr.type == verdict.qtype)
				found = true;
			else if (rr.type == S53_TYPE_CNAME && s53_name_equal(&owner, &verdict.end))
				verdict.end = name_at(r, rr.rdata_at);
		}
	verdict.negative =
	    verdict.nxdomain || (!found && s53_header_rcode(r->message) == S53_RCODE_NOERROR);
	return verdict;
}

static bool
write_type(FILE *out, uint16_t type)
{
	char *text = ldns_rr_type2str((ldns_rr_type)type);

	if (text == NULL)
		return false;
	fputs(text, out);
	free(text);
	return true;
}

static bool
write_question(const struct rendering *r, const struct s53_render_cached *cached,
    const struct s53_question *question)
{
	char text[S53_NAME_TEXT];

	fprintf(r->out, "; %s/", s53_name_print(&question->name, text));
	if (!write_type(r->out, question->qtype))
		return false;
	if (question->qclass != S53_CLASS_IN)
		fprintf(r->out, "/CLASS%u", question->qclass);
	fprintf(r->out, "%s%s\n", cached->dnssec_ok ? " DO" : "",
	    cached->checking_disabled ? " CD" : "");
	return true;
}

/* `; answer` and the like, and since when it is stale. */
static void
write_worth(const struct rendering *r, const struct s53_render_cached *cached,
    enum s53_section section, bool negative)
{
	bool aa = (s53_header_flags(r->message) & S53_AA) != 0;
	const char *worth = "additional";
	char date[S53_RENDER_DATE];

	if (cached->authentic && section != S53_ADDITIONAL)
		worth = "secure";
	else if (section == S53_ANSWER)
		worth = aa && !negative ? "authanswer" : "answer";
	else if (section == S53_AUTHORITY && aa)
		worth = "authauthority";
	fprintf(r->out, "; %s\n", worth);
	if (cached->stale)
		fprintf(r->out, "; stale since %s\n", s53_render_date(cached->stale_since_s, date));
}

/* Its TTL is the SOA's, which the TTL rules have lowered to the cache lifetime (RFC 2308 s5). */
static bool
write_negative(const struct rendering *r, const struct verdict *verdict)
{
	uint32_t ttl = r->fixed_ttl ? r->ttl : 0;
	struct s53_walk walk;
	struct s53_rr rr;

	if (s53_walk_begin(&walk, r->message, r->len))
		while (s53_walk_next(&walk, &rr))
			if (rr.section == S53_AUTHORITY && rr.type == S53_TYPE_SOA)
				ttl = ttl_of(r, &rr);
	write_name(r->out, &verdict->end);
	fprintf(r->out, "\t%" PRIu32 "\t\\-", ttl);
	if (!write_type(r->out, verdict->nxdomain ? S53_TYPE_ANY : verdict->qtype))
		return false;
	fprintf(r->out, "\t;-$%s\n", verdict->nxdomain ? "NXDOMAIN" : "NXRRSET");
	return true;
}

static bool
write_cached(
    struct rendering *r, const struct s53_render_cached *cached, const struct verdict *verdict)
{
	enum s53_section section = S53_QUESTION;
	bool fine = true, said = !verdict->negative;
	struct s53_walk walk;
	struct s53_rr rr;
	bool more = s53_walk_begin(&walk, r->message, r->len) && s53_walk_next(&walk, &rr);

	while (fine && (more || !said)) {
		if (!said && (!more || rr.section != S53_ANSWER)) {
			write_worth(r, cached, S53_ANSWER, true);
			fine = write_negative(r, verdict);
			said = true;
			continue;
		}
		if (verdict->negative && rr.section == S53_AUTHORITY)
			fputs("; ", r->out);
		else if (rr.section != section)
			write_worth(r, cached, rr.section, false);
		section = rr.section;
		fine = write_record(r, &rr);
		more = s53_walk_next(&walk, &rr);
	}
	return fine;
}

bool
s53_render_cached(FILE *out, const struct s53_render_cached *cached)
{
	struct rendering r = { .out = out,
		.message = cached->message,
		.len = cached->len,
		.age_s = cached->age_s,
		.fixed_ttl = cached->stale,
		.ttl = cached->stale_left_s,
		.text = ldns_buffer_new(TEXT_ROOM) };
	struct s53_question question = { .qtype = 0 };
	struct s53_reader reader = s53_reader_of(cached->message, cached->len);
	struct verdict verdict;
	bool fine = r.text != NULL;

	reader.at = S53_HEADER_LEN;
	if (s53_name_read(&reader, &question.name)) {
		question.qtype = s53_read_u16(&reader);
		question.qclass = s53_read_u16(&reader);
	}
	verdict = judge(&r, &question);
	fine = fine && write_question(&r, cached, &question) && write_cached(&r, cached, &verdict);
	ldns_buffer_free(r.text);
	return fine && ferror(out) == 0;
}

/* The record as a message of its own, which is all that the rest of this file reads. */
static bool
write_zone_record(struct rendering *r, uint8_t *room, const struct node *node,
    const struct rrset *rrset, const struct record *record)
{
	struct s53_writer writer = s53_writer_of(room, ZONE_RECORD_ROOM);
	struct s53_walk walk;
	struct s53_rr rr;

	memset(s53_write_reserve(&writer, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_count(room, S53_ANSWER, 1);
	s53_write(&writer, node->octets, node->len);
	s53_write_u16(&writer, rrset->type);
	s53_write_u16(&writer, S53_CLASS_IN);
	s53_write_u32(&writer, rrset->ttl);
	s53_write_u16(&writer, record->len);
	s53_write(&writer, record->rdata, record->len);
	r->message = room;
	r->len = writer.at;
	return s53_walk_begin(&walk, room, writer.at) && s53_walk_next(&walk, &rr) &&
	    write_record(r, &rr);
}

static bool
write_node(FILE *out, const struct node *node)
{
	struct rendering r = { .out = out, .text = ldns_buffer_new(TEXT_ROOM) };
	uint8_t *room = malloc(ZONE_RECORD_ROOM);
	bool fine = r.text != NULL && room != NULL;

	for (const struct rrset *set = node->rrsets; set != NULL && fine; set = set->next)
		for (const struct record *it = set->first; it != NULL && fine; it = it->next)
			fine = write_zone_record(&r, room, node, set, it);
	ldns_buffer_free(r.text);
	free(room);
	return fine;
}

bool
s53_render_zone(FILE *out, const struct s53_zone *zone, size_t *at, bool *more)
{
	const struct node *node = *at == 0 ? zone->top : NULL;

	if (*at == 0)
		*at = 1;
	while (node == NULL && *at <= zone->slot_count) { /* slot 0 is next while it is 1 */
		node = zone->slots[(*at)++ - 1];
		if (node != NULL && (node == zone->top || node->rrsets == NULL))
			node = NULL;
	}
	*more = *at <= zone->slot_count;
	return node == NULL || write_node(out, node);
}

char *
s53_render_date(uint64_t wall_s, char text[static S53_RENDER_DATE])
{
	time_t when = (time_t)wall_s;
	struct tm utc;

	if (gmtime_r(&when, &utc) == NULL ||
	    strftime(text, S53_RENDER_DATE, "%Y%m%d%H%M%S", &utc) == 0)
		strcpy(text, "19700101000000");
	return text;
}
