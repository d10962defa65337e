/* SPDX-License-Identifier: ISC
 *
 * zone.h - answers from here: master files and the zones that every resolver should know.
 *
 * Layer    zone: ldns reads and checks at load time; no ldns call per query
 * Threads  loaded by the main thread, then immutable; counted with atomics
 * Memory   a zone owns its records, rendered to wire form once
 * Sources  RFC 1035 s5 (master files), RFC 4592 (wildcards), RFC 2308 s2, s3 (negative answers), RFC 6761, RFC 6303, RFC 8482
 */
#pragma once

#include <split53/diag.h>
#include <split53/reply.h>

struct s53_zone;

/*
 * Read a master file. Problems go to `diags` with file and line (ldns tells the line; the column is 0).
 * Errors: no SOA or two at the apex, a record out of zone, CNAME beside other data, unknown syntax. $INCLUDE, $ORIGIN, $TTL as RFC 1035 and 2308 say.
 *   S53_E_IO, S53_E_SYNTAX, S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_zone_load(
    const char *path, const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out);

/* The same from text, for the built-in zones and tests. */
S53_MUST_USE enum s53_status s53_zone_parse(const char *name, const char *text,
    const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out);

struct s53_zone *s53_zone_keep(struct s53_zone *zone);
void s53_zone_drop(struct s53_zone *zone); /* NULL is fine */

struct s53_zone_answer {
	uint16_t rcode; /* NOERROR or NXDOMAIN */
	bool authoritative; /* not below a delegation */
	bool
	    cname; /* the answer ends in a CNAME that leaves the zone, to `target`: the caller may complete it */
	struct s53_name target;
};

/*
 * Write answer, authority and additional for `question` (its lower name is at or below the apex) into `reply`, which has been begun
 * with flags that the caller mends afterwards. Exact match, CNAME (followed inside of the zone), DNAME, wildcard, empty non-terminal, delegation (referral),
 * NODATA and NXDOMAIN with the SOA (its TTL lowered to MINIMUM, RFC 2308 s3); ANY: all types, or one RRset when `minimal_any`.
 * Allocates nothing.
 */
void s53_zone_answer(const struct s53_zone *zone, const struct s53_question *question,
    bool minimal_any, struct s53_reply *reply, struct s53_zone_answer *out);

size_t s53_zone_record_count(const struct s53_zone *zone);

/* One built-in zone: apex in presentation form, master-file text, the EDE of its answers. */
struct s53_builtin_zone {
	const char *apex;
	const char *text;
	uint16_t ede;
	bool empty; /* RFC 6303: governed by empty-zones-enable and disable-empty-zone */
};

/* RFC 6761 and kin: localhost, invalid, test, onion, local, home.arpa, loopback reverse (both families); then RFC 6303's. */
extern const struct s53_builtin_zone s53_builtin_zones[];
extern const unsigned s53_builtin_zone_count;
