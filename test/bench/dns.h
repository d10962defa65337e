/* SPDX-License-Identifier: ISC
 *
 * dns.h - the names that the benchmark's programs share: the first label tells the kind of answer,
 * and the answer follows from the name alone, so that a client can check it.
 *
 * Threads  no state.
 * Memory   nothing is allocated.
 * Units    lengths in bytes, TTLs in seconds; addresses as numbers, not in network order.
 * Sources  RFC 1035 s4.1 (messages), RFC 2308 s3 (negative answers), RFC 6891 s6.1 (OPT).
 *
 * It does not use the wire code of split53: a measuring program must not share errors with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_HEADER 12
#define BENCH_OPT_LEN 11
#define BENCH_NAME_MAX 255
#define BENCH_BIG_COUNT 70 /* addresses in a large answer: 16 bytes each */
#define BENCH_TEXT_COUNT 5 /* strings in a large text answer */
#define BENCH_TEXT_LEN 220 /* bytes in each */
#define BENCH_REPLY_MAX 2048
#define BENCH_UDP_SIZE 1232 /* offered in every OPT record of the benchmark */

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

/* Prefix of the first label. */
enum bench_kind {
	BENCH_OTHER,
	BENCH_SET, /* s- */
	BENCH_FRESH, /* f- */
	BENCH_ZIPF, /* p- */
	BENCH_WORKING, /* w-: the working set under a scan */
	BENCH_NX, /* nx-: NXDOMAIN */
	BENCH_ND, /* nd-: NODATA */
	BENCH_BIG, /* big-: about 1,200 bytes */
	BENCH_TTL0, /* z-: TTL 0 */
	BENCH_KINDS,
};

struct bench_question {
	size_t name_len; /* with the root */
	size_t end; /* of the question section */
	uint16_t type;
	bool edns;
	uint16_t size; /* that the client accepts over UDP: at least 512 */
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

/* The name of a kind in statistics. */
const char *bench_kind_word(enum bench_kind kind);

/* The kind of a name in wire form. */
enum bench_kind bench_kind_of(const uint8_t *qname);

/*
 * The address of a name: 11.0.0.0/8, computed from its bytes without regard to letter case. A large
 * answer has this one and those that follow it (modulo the network).
 */
uint32_t bench_address(const uint8_t *qname, size_t len);

/* The address `step` addresses after `address`, in the same network. */
static inline uint32_t
bench_address_after(uint32_t address, uint32_t step)
{
	return (address & 0xff000000) | ((address + step) & 0x00ffffff);
}

/* One byte of a large text answer. */
static inline uint8_t
bench_text_octet(uint32_t address, size_t at)
{
	return (uint8_t)('a' + (address + at) % 26);
}

/* Parse a query. false: none that the benchmark answers. */
bool bench_question_read(const uint8_t *message, size_t len, struct bench_question *out);

struct bench_rules {
	uint32_t ttl;
	bool tcp; /* no limit of size */
};

/*
 * Write the answer to `message` to `reply`, which has space for BENCH_REPLY_MAX bytes (with a
 * question section of at most 260). Returns its length.
 */
size_t bench_reply_write(const struct bench_rules *rules, const struct bench_question *question,
    const uint8_t *message, uint8_t *reply);

/*
 * The least that a server can do: turn a query of `len` bytes, in a buffer of at least len + 16,
 * into its own answer with one A record of the right address. Trusts the query; if ARCOUNT is not
 * 0, the last BENCH_OPT_LEN bytes are an OPT record. Returns the new length; 0: no answer.
 */
size_t bench_reply_in_place(uint8_t *message, size_t len, uint32_t ttl);
