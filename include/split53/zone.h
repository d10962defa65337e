/* SPDX-License-Identifier: ISC
 *
 * zone.h - answers from here: master files and the zones that every resolver should know.
 *
 * Layer    zone: ldns reads and checks at load time; no ldns call per query
 * Threads  loaded by the main thread, then immutable; counted with atomics
 * Memory   a zone owns its records, rendered to wire form once
 * Sources  RFC 1035 s5 (master files), RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 2308 s2, s3
 *          (negative answers), RFC 6761, RFC 6303, RFC 8482
 */
#pragma once

#include <split53/diag.h>
#include <split53/reply.h>

struct s53_zone;

/*
 * Read a master file of class IN. Problems go to `diags` with file and line (the column is 0).
 *
 * Errors: no SOA or more than one, an SOA elsewhere than at the apex, CNAME beside other data,
 * a wildcard NS, more records of one name and type than a message holds, data that ldns or
 * s53_message_check() refuses, unknown syntax. Warnings, as BIND has it: a record out of zone
 * (ignored), no NS at the apex, a TTL over 2^31-1 (0 counts), TTLs that differ within an RRset
 * (the first counts), no TTL at all (the SOA's MINIMUM counts).
 *
 * $ORIGIN, $TTL, $INCLUDE as RFC 1035 s5.1 and RFC 2308 s4 say. A relative path in $INCLUDE
 * starts at the working directory (BIND makes `directory` that), then at the folder of the
 * including file. $GENERATE (BIND's own) is refused by name.
 *   S53_E_IO (said in diags too), S53_E_SYNTAX, S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_zone_load(
    const char *path, const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out);

/*
 * The same from text, for the built-in zones and tests. $INCLUDE is an error: text from
 * elsewhere opens no files.
 */
S53_MUST_USE enum s53_status s53_zone_parse(const char *name, const char *text,
    const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out);

struct s53_zone *s53_zone_keep(struct s53_zone *zone);
void s53_zone_drop(struct s53_zone *zone); /* NULL is fine */

/* What an answer may be spared or given: bits. */
#define S53_ZONE_ONE_OF_ANY 1u /* one RRset is enough for ANY (RFC 8482 s4.1) */
#define S53_ZONE_AUTHORITY 2u /* the zone's NS records go along with a positive answer */
#define S53_ZONE_NO_ADDITIONAL 4u /* but no addresses, except of a referral */

struct s53_zone_answer {
	/*
	 * NOERROR, NXDOMAIN; SERVFAIL when the CNAMEs go in a circle or are too many; YXDOMAIN (6)
	 * when a DNAME made a name too long
	 */
	uint16_t rcode;
	bool authoritative; /* for AA: not a referral */
	/* the name, or the end of its CNAMEs, is delegated: NS in authority, nothing else */
	bool referral;
	/*
	 * the answer ends in a CNAME that leaves the zone, to `target`, which the caller may
	 * complete
	 */
	bool cname;
	struct s53_name target; /* as spelled in the record; len 0 unless `cname` */
};

/*
 * Write answer, authority and additional for `question` (its lower name is at or below the
 * apex) into `reply`, which has been begun with flags that the caller mends afterwards: AA and
 * rcode from *out. Exact match, CNAME (followed inside of the zone, 16 at most, circles cut),
 * DNAME, wildcard, empty non-terminal, delegation (referral with glue), NODATA and NXDOMAIN
 * with the SOA (its TTL lowered to MINIMUM, RFC 2308 s3); ANY: all types. The addresses of hosts
 * that NS, MX and SRV records name go along. `wishes`: of S53_ZONE_. Records of one RRset stand as
 * in the file. What finds no room sets reply->truncated. Allocates nothing.
 */
void s53_zone_answer(const struct s53_zone *zone, const struct s53_question *question,
    unsigned wishes, struct s53_reply *reply, struct s53_zone_answer *out);

size_t s53_zone_record_count(const struct s53_zone *zone);

/* One built-in zone. */
struct s53_builtin_zone {
	const char *apex; /* presentation form, lower case, no last dot */
	const char *text; /* of a master file */
	uint16_t ede; /* of its negative answers, or S53_EDE_NONE */
	/* of BIND's list (RFC 6303): it exists under the conditions of BIND, see setup/builtin.c */
	bool empty;
};

/*
 * localhost, invalid (RFC 6761 s6.3, s6.4) and onion (RFC 7686); then BIND 9.18's 100 empty zones.
 * Each apex stands once.
 */
extern const struct s53_builtin_zone s53_builtin_zones[];
extern const unsigned s53_builtin_zone_count;
