/* SPDX-License-Identifier: ISC
 *
 * check.c - which records a reply must have, given the query.
 *
 * Servers may write owner names in full or as pointers, may order records as they like and may add
 * to the authority and additional sections; the records of the upstream must be there, and no
 * other record may be in the answer section.
 */
#include "check.h"

#include <string.h>

static const char *const words[BENCH_VERDICTS] = {
	[BENCH_RIGHT] = "right",
	[BENCH_TRUNCATED] = "truncated",
	[BENCH_BAD_HEADER] = "header",
	[BENCH_BAD_QUESTION] = "question",
	[BENCH_FAILED] = "failed",
	[BENCH_BAD_RCODE] = "rcode",
	[BENCH_BAD_COUNT] = "count",
	[BENCH_BAD_RECORD] = "record",
	[BENCH_BAD_EDNS] = "edns",
};

/* A reader of records; `at` is NULL after a truncation. */
struct reader {
	const uint8_t *at, *end;
};

struct record {
	uint16_t type, len;
	const uint8_t *data;
};

const char *
bench_verdict_word(enum bench_verdict verdict)
{
	return words[verdict];
}

static void
skip_name(struct reader *reader)
{
	size_t left = (size_t)(reader->end - reader->at), len = 0;

	while (len < left && reader->at[len] != 0 && reader->at[len] < 64)
		len += 1u + reader->at[len];
	if (len < left)
		len += reader->at[len] == 0 ? 1 : 2;
	reader->at = len > 0 && len <= left ? reader->at + len : NULL;
}

static bool
read_record(struct reader *reader, struct record *out)
{
	skip_name(reader);
	if (reader->at == NULL || reader->end - reader->at < 10)
		return false;
	out->type = bench_get16(reader->at);
	out->len = bench_get16(reader->at + 8);
	out->data = reader->at + 10;
	if (reader->end - out->data < out->len)
		return false;
	reader->at = out->data + out->len;
	return true;
}

static uint32_t
address_asked(const struct bench_asked *asked)
{
	return bench_address(asked->query + BENCH_HEADER, asked->question_end - BENCH_HEADER - 4);
}

/* Each of the addresses once, in any order. */
static enum bench_verdict
check_addresses(const struct bench_asked *asked, struct reader *reader, uint32_t count)
{
	uint32_t first = address_asked(asked);
	uint64_t seen[2] = { 0, 0 };
	struct record record;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t step;

		if (!read_record(reader, &record))
			return BENCH_BAD_HEADER;
		if (record.type != BENCH_TYPE_A || record.len != 4)
			return BENCH_BAD_RECORD;
		step = (bench_get32(record.data) - first) & 0x00ffffff;
		if (step >= count || bench_address_after(first, step) != bench_get32(record.data) ||
		    (seen[step / 64] >> step % 64 & 1) != 0)
			return BENCH_BAD_RECORD;
		seen[step / 64] |= UINT64_C(1) << step % 64;
	}
	return BENCH_RIGHT;
}

static enum bench_verdict
check_text(const struct bench_asked *asked, struct reader *reader)
{
	uint32_t first = address_asked(asked);
	struct record record;

	if (!read_record(reader, &record))
		return BENCH_BAD_HEADER;
	if (record.type != BENCH_TYPE_TXT || record.len != BENCH_TEXT_COUNT * (1 + BENCH_TEXT_LEN))
		return BENCH_BAD_RECORD;
	for (size_t i = 0; i < BENCH_TEXT_COUNT; i++) {
		const uint8_t *string = record.data + i * (1 + BENCH_TEXT_LEN);

		if (string[0] != BENCH_TEXT_LEN)
			return BENCH_BAD_RECORD;
		for (size_t j = 0; j < BENCH_TEXT_LEN; j++) {
			if (string[1 + j] != bench_text_octet(first, j))
				return BENCH_BAD_RECORD;
		}
	}
	return BENCH_RIGHT;
}

static enum bench_verdict
check_answers(const struct bench_asked *asked, struct reader *reader, uint32_t count)
{
	bool text = asked->kind == BENCH_BIG && asked->type == BENCH_TYPE_TXT;
	uint32_t wanted = asked->kind == BENCH_BIG && !text ? BENCH_BIG_COUNT : 1;

	if (asked->kind == BENCH_NX || asked->kind == BENCH_ND)
		return count == 0 ? BENCH_RIGHT : BENCH_BAD_COUNT;
	if (count != wanted)
		return BENCH_BAD_COUNT;
	return text ? check_text(asked, reader) : check_addresses(asked, reader, count);
}

/* RFC 2308 s3: a negative answer has an SOA. */
static enum bench_verdict
check_authority(const struct bench_asked *asked, struct reader *reader, uint32_t count)
{
	bool wanted = asked->kind == BENCH_NX || asked->kind == BENCH_ND, found = false;
	struct record record;

	for (; count > 0; count--) {
		if (!read_record(reader, &record))
			return BENCH_BAD_HEADER;
		found |= record.type == BENCH_TYPE_SOA;
	}
	return found || !wanted ? BENCH_RIGHT : BENCH_BAD_COUNT;
}

static enum bench_verdict
check_additional(const struct bench_asked *asked, struct reader *reader, uint32_t count)
{
	bool found = false;
	struct record record;

	for (; count > 0; count--) {
		if (!read_record(reader, &record))
			return BENCH_BAD_HEADER;
		found |= record.type == BENCH_TYPE_OPT;
	}
	if (reader->at != reader->end)
		return BENCH_BAD_HEADER; /* something follows */
	return found == asked->edns ? BENCH_RIGHT : BENCH_BAD_EDNS; /* RFC 6891 s7 */
}

static enum bench_verdict
check_rcode(const struct bench_asked *asked, unsigned rcode)
{
	unsigned wanted = asked->kind == BENCH_NX ? BENCH_NXDOMAIN : 0;

	if (rcode == wanted)
		return BENCH_RIGHT;
	return rcode == 0 || rcode == BENCH_NXDOMAIN ? BENCH_BAD_RCODE : BENCH_FAILED;
}

enum bench_verdict
bench_reply_check(const struct bench_asked *asked, const uint8_t *reply, size_t len)
{
	struct reader reader = { reply + asked->question_end, reply + len };
	enum bench_verdict verdict;
	unsigned flags;

	if (len < BENCH_HEADER)
		return BENCH_BAD_HEADER;
	flags = bench_get16(reply + 2);
	if ((flags & (BENCH_QR | BENCH_OPCODE_MASK)) != BENCH_QR)
		return BENCH_BAD_HEADER;
	if (bench_get16(reply + 4) != 1 || len < asked->question_end ||
	    memcmp(reply + BENCH_HEADER, asked->query + BENCH_HEADER,
		asked->question_end - BENCH_HEADER) != 0)
		return BENCH_BAD_QUESTION;
	if ((verdict = check_rcode(asked, flags & BENCH_RCODE_MASK)) != BENCH_RIGHT)
		return verdict;
	if ((flags & BENCH_TC) != 0)
		return BENCH_TRUNCATED;
	if ((verdict = check_answers(asked, &reader, bench_get16(reply + 6))) != BENCH_RIGHT ||
	    (verdict = check_authority(asked, &reader, bench_get16(reply + 8))) != BENCH_RIGHT)
		return verdict;
	return check_additional(asked, &reader, bench_get16(reply + 10));
}
