/* SPDX-License-Identifier: ISC
 *
 * loading.h - what the parts of the zone file reader share.
 *
 * Layer    zone (private)
 * Threads  main thread
 * Memory   plain values of zonefile_read()
 */
#pragma once

#include <sys/types.h>

#include <split53/diag.h>

#include "entry.h"
#include "index.h"

/* State that carries over from entry to entry, and into included files. */
struct loading {
	struct s53_zone *zone;
	struct s53_diags *diags;
	bool may_include;
	unsigned include_count; /* files so far */
	size_t include_octets; /* their size, each time that one was read */
	unsigned errors;
	uint32_t ttl; /* $TTL, or the last TTL written */
	bool has_ttl, has_default_ttl;
	uint8_t *message; /* S53_MESSAGE_MAX bytes, for s53_message_check() of records */
};

/* One of the files. */
struct source {
	const char *name;
	bool is_private; /* messages do not quote it */
	struct entry_reader entries;
	struct entry entry;
	const struct source *parent; /* the file that includes it; NULL: none */
	dev_t device;
	ino_t inode; /* 0: text that is not from a file */
	unsigned depth;
	struct s53_name origin;
	struct s53_name owner; /* of the last record; len 0: none yet */
};

/* Report a message about the present entry. */
void loading_say(struct loading *load, const struct source *source, enum s53_diag_kind kind,
    const char *format, ...) S53_PRINTF(4, 5);

/* The entry is a record: add it to the zone, or report an error. S53_E_NOMEM. */
S53_MUST_USE enum s53_status loading_record(struct loading *load, struct source *source);

/* "@", "www" and "www.example." relative to the origin. false: not a domain name. */
bool field_name(const char *word, const struct s53_name *origin, struct s53_name *out);

/*
 * 3600, and with units_too also 1h, 1W2d3h4m5s. false: not such a number. A number over 2^32-1 is
 * returned as some number over it.
 */
bool field_number(const char *word, bool units_too, uint64_t *out);

/* A TTL. Over 2^31-1 *large is set, and it counts as 0 (RFC 2181 s8, as in BIND). */
bool field_ttl(const char *word, uint32_t *out, bool *large);
