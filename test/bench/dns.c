/* SPDX-License-Identifier: ISC
 *
 * dns.c - names, addresses and answers of the benchmark.
 */
#include "dns.h"

#include <string.h>

#define NETWORK 0x0b000000u /* 11.0.0.0/8: no forwarder takes it for a private one */
#define NETWORK_MASK 0x00ffffffu
#define NO_CASE 0x2020202020202020u /* letters of either case become the same byte */
#define RECORD_LEN 16 /* an A record with a pointer as owner */
#define MULTIPLIER 0x9e3779b97f4a7c15u

static const char *const prefixes[BENCH_KINDS] = {
	[BENCH_OTHER] = "",
	[BENCH_SET] = "s-",
	[BENCH_FRESH] = "f-",
	[BENCH_ZIPF] = "p-",
	[BENCH_WORKING] = "w-",
	[BENCH_NX] = "nx-",
	[BENCH_ND] = "nd-",
	[BENCH_BIG] = "big-",
	[BENCH_TTL0] = "z-",
};

static const char *const words[BENCH_KINDS] = {
	[BENCH_OTHER] = "other",
	[BENCH_SET] = "set",
	[BENCH_FRESH] = "fresh",
	[BENCH_ZIPF] = "zipf",
	[BENCH_WORKING] = "working",
	[BENCH_NX] = "nx",
	[BENCH_ND] = "nd",
	[BENCH_BIG] = "big",
	[BENCH_TTL0] = "ttl0",
};

const char *
bench_kind_prefix(enum bench_kind kind)
{
	return prefixes[kind];
}

const char *
bench_kind_word(enum bench_kind kind)
{
	return words[kind];
}

static enum bench_kind
kind_of_two(uint8_t letter)
{
	switch (letter) {
	case 's':
		return BENCH_SET;
	case 'f':
		return BENCH_FRESH;
	case 'p':
		return BENCH_ZIPF;
	case 'w':
		return BENCH_WORKING;
	case 'z':
		return BENCH_TTL0;
	default:
		return BENCH_OTHER;
	}
}

enum bench_kind
bench_kind_of(const uint8_t *qname)
{
	const uint8_t *label = qname + 1;
	size_t len = qname[0];

	if (len >= 2 && label[1] == '-')
		return kind_of_two(label[0] | 0x20);
	if (len >= 3 && label[2] == '-' && (label[0] | 0x20) == 'n') {
		if ((label[1] | 0x20) == 'x')
			return BENCH_NX;
		return (label[1] | 0x20) == 'd' ? BENCH_ND : BENCH_OTHER;
	}
	if (len >= 4 && label[3] == '-' && (label[0] | 0x20) == 'b' && (label[1] | 0x20) == 'i' &&
	    (label[2] | 0x20) == 'g')
		return BENCH_BIG;
	return BENCH_OTHER;
}

/* Not for real hash tables: it is quick, and different names differ. */
uint32_t
bench_address(const uint8_t *qname, size_t len)
{
	uint64_t hash = len * MULTIPLIER, word = 0;
	size_t at = 0;

	for (; at + sizeof(word) <= len; at += sizeof(word)) {
		memcpy(&word, qname + at, sizeof(word));
		hash = (hash ^ (word | NO_CASE)) * MULTIPLIER;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, qname + at, len - at);
	hash = (hash ^ (word | NO_CASE)) * MULTIPLIER;
	hash ^= hash >> 32;
	return NETWORK | ((uint32_t)(hash * MULTIPLIER >> 40) & NETWORK_MASK);
}

static void
read_opt(const uint8_t *message, size_t len, struct bench_question *out)
{
	const uint8_t *opt = message + out->end;

	out->edns = bench_get16(message + 10) > 0 && len - out->end >= BENCH_OPT_LEN &&
	    opt[0] == 0 && bench_get16(opt + 1) == BENCH_TYPE_OPT;
	out->size = out->edns ? bench_get16(opt + 3) : 0;
	if (out->size < 512)
		out->size = 512; /* RFC 6891 s6.2.3 */
}

bool
bench_question_read(const uint8_t *message, size_t len, struct bench_question *out)
{
	size_t at = BENCH_HEADER;

	if (len < BENCH_HEADER + 5 ||
	    (bench_get16(message + 2) & (BENCH_QR | BENCH_OPCODE_MASK)) != 0 ||
	    bench_get16(message + 4) != 1)
		return false;
	while (at < len && message[at] != 0) {
		if (message[at] > 63)
			return false;
		at += 1u + message[at];
	}
	out->name_len = at + 1 - BENCH_HEADER;
	out->end = at + 5;
	if (out->end > len || out->name_len > BENCH_NAME_MAX)
		return false;
	out->type = bench_get16(message + at + 1);
	read_opt(message, len, out);
	return true;
}

/* `owner`: offset of the name that a pointer refers to (RFC 1035 s4.1.4). */
static uint8_t *
put_record(uint8_t *at, size_t owner, unsigned type, uint32_t ttl)
{
	bench_put16(at, 0xc000 | (unsigned)owner);
	bench_put16(at + 2, type);
	bench_put16(at + 4, 1);
	bench_put32(at + 6, ttl);
	return at + 10;
}

static uint8_t *
put_address(uint8_t *at, uint32_t address, uint32_t ttl)
{
	at = put_record(at, BENCH_HEADER, BENCH_TYPE_A, ttl);
	bench_put16(at, 4);
	bench_put32(at + 2, address);
	return at + 6;
}

static uint8_t *
put_text(uint8_t *at, uint32_t address, uint32_t ttl)
{
	at = put_record(at, BENCH_HEADER, BENCH_TYPE_TXT, ttl);
	bench_put16(at, BENCH_TEXT_COUNT * (1 + BENCH_TEXT_LEN));
	at += 2;
	for (size_t i = 0; i < BENCH_TEXT_COUNT; i++) {
		*at++ = BENCH_TEXT_LEN;
		for (size_t j = 0; j < BENCH_TEXT_LEN; j++)
			*at++ = bench_text_octet(address, j);
	}
	return at;
}

/* RFC 2308 s3: the SOA of the zone, here the parent of the name, or the root. */
static uint8_t *
put_soa(uint8_t *at, const uint8_t *qname, uint32_t ttl)
{
	static const uint8_t names[] = { 2, 'n', 's', 0, 4, 'm', 'a', 'i', 'l', 0 };
	size_t owner = BENCH_HEADER + (qname[0] == 0 ? 0 : 1u + qname[0]);

	at = put_record(at, owner, BENCH_TYPE_SOA, ttl);
	bench_put16(at, sizeof(names) + 20);
	memcpy(at + 2, names, sizeof(names));
	at += 2 + sizeof(names);
	bench_put32(at, 1);
	bench_put32(at + 4, 3600);
	bench_put32(at + 8, 600);
	bench_put32(at + 12, 86400);
	bench_put32(at + 16, ttl);
	return at + 20;
}

static uint8_t *
put_opt(uint8_t *at)
{
	static const uint8_t opt[BENCH_OPT_LEN] = { 0, 0, BENCH_TYPE_OPT, BENCH_UDP_SIZE >> 8,
		BENCH_UDP_SIZE & 0xff };

	memcpy(at, opt, sizeof(opt));
	return at + sizeof(opt);
}

/* The answer section of a large answer; returns the number of records. */
static uint8_t *
put_big(uint8_t *at, uint16_t type, uint32_t address, uint32_t ttl)
{
	if (type == BENCH_TYPE_TXT)
		return put_text(at, address, ttl);
	for (uint32_t i = 0; i < BENCH_BIG_COUNT; i++)
		at = put_address(at, bench_address_after(address, i), ttl);
	return at;
}

struct sections {
	unsigned answers, authority;
	unsigned rcode;
};

static uint8_t *
put_sections(uint8_t *at, const struct bench_rules *rules, const struct bench_question *question,
    struct sections *out)
{
	const uint8_t *qname = at - question->end + BENCH_HEADER;
	enum bench_kind kind = bench_kind_of(qname);
	uint32_t ttl = kind == BENCH_TTL0 ? 0 : rules->ttl;
	bool text = question->type == BENCH_TYPE_TXT && kind == BENCH_BIG;

	if (kind == BENCH_NX || kind == BENCH_ND || (question->type != BENCH_TYPE_A && !text)) {
		out->authority = 1;
		out->rcode = kind == BENCH_NX ? BENCH_NXDOMAIN : 0;
		return put_soa(at, qname, ttl);
	}
	out->answers = kind == BENCH_BIG && !text ? BENCH_BIG_COUNT : 1;
	if (kind == BENCH_BIG)
		return put_big(at, question->type, bench_address(qname, question->name_len), ttl);
	return put_address(at, bench_address(qname, question->name_len), ttl);
}

size_t
bench_reply_write(const struct bench_rules *rules, const struct bench_question *question,
    const uint8_t *message, uint8_t *reply)
{
	struct sections sections = { 0, 0, 0 };
	unsigned flags =
	    BENCH_QR | BENCH_AA | BENCH_RA | (bench_get16(message + 2) & (unsigned)BENCH_RD);
	uint8_t *body = reply + question->end, *at;

	memcpy(reply, message, question->end);
	at = put_sections(body, rules, question, &sections);
	if (!rules->tcp &&
	    (size_t)(at - reply) + (question->edns ? BENCH_OPT_LEN : 0) > question->size) {
		sections.answers = sections.authority = 0; /* RFC 2181 s9 */
		flags |= BENCH_TC;
		at = body;
	}
	bench_put16(reply + 2, flags | sections.rcode);
	bench_put16(reply + 6, sections.answers);
	bench_put16(reply + 8, sections.authority);
	bench_put16(reply + 10, question->edns);
	if (question->edns)
		at = put_opt(at);
	return (size_t)(at - reply);
}

size_t
bench_reply_in_place(uint8_t *message, size_t len, uint32_t ttl)
{
	size_t opt, end;

	if (len < BENCH_HEADER + 5 + BENCH_OPT_LEN)
		return 0;
	opt = message[11] != 0 ? BENCH_OPT_LEN : 0;
	end = len - opt;
	message[2] |= 0x84; /* QR, AA */
	message[3] |= 0x80; /* RA */
	message[7] = 1;
	put_address(
	    message + end, bench_address(message + BENCH_HEADER, end - BENCH_HEADER - 4), ttl);
	if (opt != 0)
		put_opt(message + end + RECORD_LEN);
	return len + RECORD_LEN;
}
