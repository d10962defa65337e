/* SPDX-License-Identifier: ISC
 *
 * header.h - the 12-byte header of every message, and the numbers of DNS.
 *
 * Layer    wire
 * Threads  any
 * Memory   none; `message` is at least S53_HEADER_LEN bytes
 * Sources  RFC 1035 s4.1.1, RFC 4035 s3.2 (AD, CD), RFC 6895 (numbers)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define S53_HEADER_LEN 12
#define S53_MESSAGE_MAX 65535

enum s53_opcode { S53_OPCODE_QUERY = 0, S53_OPCODE_NOTIFY = 4, S53_OPCODE_UPDATE = 5 };

enum s53_rcode {
	S53_RCODE_NOERROR = 0,
	S53_RCODE_FORMERR = 1,
	S53_RCODE_SERVFAIL = 2,
	S53_RCODE_NXDOMAIN = 3,
	S53_RCODE_NOTIMP = 4,
	S53_RCODE_REFUSED = 5,
	S53_RCODE_YXDOMAIN = 6, /* the name that a DNAME makes is too long, RFC 6672 s2.2 */
	S53_RCODE_NOTAUTH = 9,
	S53_RCODE_BADVERS = 16, /* needs an OPT record, which has the high bits */
};

enum s53_type {
	S53_TYPE_A = 1,
	S53_TYPE_NS = 2,
	S53_TYPE_MD = 3,
	S53_TYPE_MF = 4,
	S53_TYPE_CNAME = 5,
	S53_TYPE_SOA = 6,
	S53_TYPE_MB = 7,
	S53_TYPE_MG = 8,
	S53_TYPE_MR = 9,
	S53_TYPE_NULL = 10,
	S53_TYPE_PTR = 12,
	S53_TYPE_MINFO = 14,
	S53_TYPE_MX = 15,
	S53_TYPE_TXT = 16,
	S53_TYPE_RP = 17,
	S53_TYPE_AFSDB = 18,
	S53_TYPE_RT = 21,
	S53_TYPE_SIG = 24,
	S53_TYPE_PX = 26,
	S53_TYPE_AAAA = 28,
	S53_TYPE_NXT = 30,
	S53_TYPE_SRV = 33,
	S53_TYPE_NAPTR = 35,
	S53_TYPE_KX = 36,
	S53_TYPE_DNAME = 39,
	S53_TYPE_OPT = 41,
	S53_TYPE_DS = 43,
	S53_TYPE_RRSIG = 46,
	S53_TYPE_NSEC = 47,
	S53_TYPE_DNSKEY = 48,
	S53_TYPE_NSEC3 = 50,
	S53_TYPE_HTTPS = 65,
	S53_TYPE_TKEY = 249,
	S53_TYPE_TSIG = 250,
	S53_TYPE_IXFR = 251,
	S53_TYPE_AXFR = 252,
	S53_TYPE_MAILB = 253,
	S53_TYPE_MAILA = 254,
	S53_TYPE_ANY = 255,
};

enum s53_class { S53_CLASS_IN = 1, S53_CLASS_CH = 3, S53_CLASS_NONE = 254, S53_CLASS_ANY = 255 };

#define S53_TTL_MAX 0x7fffffffu /* seconds */

/* Bits of s53_header_flags(). */
#define S53_QR 0x8000u
#define S53_OPCODE_BITS 0x7800u
#define S53_AA 0x0400u
#define S53_TC 0x0200u
#define S53_RD 0x0100u
#define S53_RA 0x0080u
#define S53_AD 0x0020u
#define S53_CD 0x0010u
#define S53_RCODE_BITS 0x000fu

/* The sections; the value is the index of the section's count in the header. */
enum s53_section { S53_QUESTION, S53_ANSWER, S53_AUTHORITY, S53_ADDITIONAL };

static inline uint16_t
s53_u16_get(const uint8_t *at)
{
	return (uint16_t)((at[0] << 8) | at[1]);
}

static inline void
s53_u16_put(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint32_t
s53_u32_get(const uint8_t *at)
{
	return ((uint32_t)s53_u16_get(at) << 16) | s53_u16_get(at + 2);
}

/* RFC 2181 s8: a TTL with its highest bit set counts as 0. */
static inline uint32_t
s53_ttl_of(uint32_t received)
{
	return received > S53_TTL_MAX ? 0 : received;
}

static inline void
s53_u32_put(uint8_t *at, uint32_t value)
{
	s53_u16_put(at, (uint16_t)(value >> 16));
	s53_u16_put(at + 2, (uint16_t)value);
}

static inline uint16_t
s53_header_id(const uint8_t *message)
{
	return s53_u16_get(message);
}

static inline void
s53_header_set_id(uint8_t *message, uint16_t id)
{
	s53_u16_put(message, id);
}

static inline uint16_t
s53_header_flags(const uint8_t *message)
{
	return s53_u16_get(message + 2);
}

static inline void
s53_header_set_flags(uint8_t *message, uint16_t flags)
{
	s53_u16_put(message + 2, flags);
}

static inline uint8_t
s53_header_opcode(const uint8_t *message)
{
	return (uint8_t)((s53_header_flags(message) & S53_OPCODE_BITS) >> 11);
}

/* The four bits in the header; edns.h has the others. */
static inline uint8_t
s53_header_rcode(const uint8_t *message)
{
	return (uint8_t)(s53_header_flags(message) & S53_RCODE_BITS);
}

static inline uint16_t
s53_header_count(const uint8_t *message, enum s53_section section)
{
	return s53_u16_get(message + 4 + 2 * (unsigned)section);
}

static inline void
s53_header_set_count(uint8_t *message, enum s53_section section, uint16_t count)
{
	s53_u16_put(message + 4 + 2 * (unsigned)section, count);
}
