/* SPDX-License-Identifier: ISC
 *
 * render.h - a cached response as lines of a dump like BIND's.
 *
 * Layer    zone: ldns writes the text. Allocates for each record: for dumps and logs, never for a
 *          packet
 * Threads  any
 * Memory   nothing is kept
 * Units    seconds (TTL); _s since 1970
 * Sources  RFC 1035 s5.1, RFC 3597 s5 (what ldns does not know), BIND's cache dump for the comments
 */
#pragma once

#include <stdio.h>

#include <split53/message.h>

/* A response as it is cached. */
struct s53_render_cached {
	const uint8_t *message; /* with a question, without OPT; passed s53_message_check() */
	size_t len;
	uint32_t age_s;
	bool dnssec_ok, checking_disabled; /* of the key */
	bool authentic;
	bool stale;
	uint32_t stale_left_s; /* stale: remaining seconds until removal, shown instead of TTLs */
	uint64_t stale_since_s;
};

/*
 * Write each record as one line of a master file, with its TTL lowered by `age_s` (not below 0).
 * Before each section a comment ranks its records: `; authanswer` (AA), `; answer`, `; secure`
 * (AD), `; authauthority`, `; additional`; a stale answer has `; stale since YYYYMMDDHHMMSS`. A
 * name or type that does not exist becomes
 *
 *	www.example.com.	60	\-ANY	;-$NXDOMAIN
 *	www.example.com.	60	\-AAAA	;-$NXRRSET
 *
 * with the authority section in comments below. A cached response is used only for the query that
 * obtained it, so its question comes first: `; www.example.com/AAAA`, with `DO` and `CD` when the
 * key has them. false: out of memory, or the stream has an error.
 */
S53_MUST_USE bool s53_render_cached(FILE *out, const struct s53_render_cached *cached);

struct s53_zone;

/*
 * Write the records of one owner name of a zone, the apex's first; then the others, in no order.
 * Begin with *at 0; each call goes on from there. *more false: that was the last name. false: as
 * above.
 */
S53_MUST_USE bool s53_render_zone(FILE *out, const struct s53_zone *zone, size_t *at, bool *more);

/* 20261122103000: UTC, as BIND has it in $DATE. */
#define S53_RENDER_DATE 24
char *s53_render_date(uint64_t wall_s, char text[static S53_RENDER_DATE]);
