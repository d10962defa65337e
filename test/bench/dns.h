/* SPDX-License-Identifier: ISC
 *
 * dns.h - what the benchmark's programs say to one another: names whose first label tells the kind
 * of answer, and answers that follow from the name alone, so that whoever asked can check them.
 *
 * Threads  no state.
 * Memory   nothing is allocated.
 * Units    lengths in octets, TTLs in seconds; addresses as numbers, not in network order.
 * Sources  RFC 1035 s4.1 (messages), RFC 2308 s3 (negative answers), RFC 6891 s6.1 (OPT).
 *
 * Kept free of split53's own wire code: what measures must not share what it might get wrong.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_HEADER 12
#define BENCH_OPT_LEN 11
#define BENCH_NAME_MAX 255
#define BENCH_BIG_COUNT 70 /* addresses in a big answer: 16 octets each */
#define BENCH_TEXT_COUNT 5 /* strings in a big text answer */
#define BENCH_TEXT_LEN 220 /* octets in each */
#define BENCH_REPLY_MAX 2048
#define BENCH_UDP_SIZE 1232 /* announced in every OPT record of the benchmark */

enum {
	BENCH_TYPE_A = 1,
	BENCH_TYPE_SOA = 6,
	BENCH_TYPE_TXT = 16,
	BENCH_TYPE_OPT = 41,
};

enum {
	BENCH_QR = 0x8000,
	BENCH_AA = 0x0400,
	BENCH_TC = 0x0200,
	BENCH_RD = 0x0100,
	BENCH_RA = 0x0080,
	BENCH_OPCODE_MASK = 0x7800,
	BENCH_RCODE_MASK = 0x000f,
	BENCH_NXDOMAIN = 3,
};

/* What the first label of a name begins with. */
enum bench_kind {
	BENCH_OTHER,
	BENCH_SET, /* s- */
	BENCH_FRESH, /* f- */
	BENCH_ZIPF, /* p- */
	BENCH_WORKING, /* w-: the working set under a scan */
	BENCH_NX, /* nx-: NXDOMAIN */
	BENCH_ND, /* nd-: NODATA */
	BENCH_BIG, /* big-: about 1,200 octets */
	BENCH_TTL0, /* z-: TTL 0 */
	BENCH_KINDS,
};

struct bench_question {
	size_t name_len; /* with the root */
	size_t end; /* of the question section */
	uint16_t type;
	bool edns;
	uint16_t size; /* that the asker takes over UDP: at least 512 */
};

static inline uint16_t
bench_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
bench_get32(const uint8_t *at)
{
	return (uint32_t)bench_get16(at) << 16 | bench_get16(at + 2);
}

static inline void
bench_put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void
bench_put32(uint8_t *at, uint32_t value)
{
	bench_put16(at, value >> 16);
	bench_put16(at + 2, value & 0xffff);
}

/* The prefix of a kind, with its dash; "" for BENCH_OTHER. */
const char *bench_kind_prefix(enum bench_kind kind);

/* The word for a kind in statistics. */
const char *bench_kind_word(enum bench_kind kind);

/* The kind of a name in wire form. */
enum bench_kind bench_kind_of(const uint8_t *qname);

/*
 * The address of a name: 11.0.0.0/8, by its octets without regard to letter case. A big answer
 * holds this one and those that follow it (modulo the network).
 */
uint32_t bench_address(const uint8_t *qname, size_t len);

/* The address `step` places after `address`, in the same network. */
static inline uint32_t
bench_address_after(uint32_t address, uint32_t step)
{
	return (address & 0xff000000) | ((address + step) & 0x00ffffff);
}

/* One octet of a big text answer. */
static inline uint8_t
bench_text_octet(uint32_t address, size_t at)
{
	return (uint8_t)('a' + (address + at) % 26);
}

/* Read a query. false: nothing that the benchmark answers. */
bool bench_question_read(const uint8_t *message, size_t len, struct bench_question *out);

struct bench_rules {
	uint32_t ttl;
	bool tcp; /* no limit of size */
};

/*
 * Write the answer to `message` to `reply`, which has room for BENCH_REPLY_MAX octets (a question
 * section of at most 260 in it). Its length.
 */
size_t bench_reply_write(const struct bench_rules *rules, const struct bench_question *question,
    const uint8_t *message, uint8_t *reply);

/*
 * The least that can be done: make a query of `len` octets in a buffer of at least len + 16 its own
 * answer, one A record with the right address. Trusts the query; BENCH_OPT_LEN octets at its end
 * are an OPT record when ARCOUNT is not 0. The new length, 0: nothing to answer.
 */
size_t bench_reply_in_place(uint8_t *message, size_t len, uint32_t ttl);
