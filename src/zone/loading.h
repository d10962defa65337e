/* SPDX-License-Identifier: ISC
 *
 * loading.h - what the parts of the master-file reader share.
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

/* What goes on from entry to entry, and into included files. */
struct loading {
	struct s53_zone *zone;
	struct s53_diags *diags;
	bool may_include;
	unsigned include_count; /* files so far */
	size_t include_octets; /* of them, each time that it was read */
	unsigned errors;
	uint32_t ttl; /* $TTL, or the last TTL written */
	bool has_ttl, has_default_ttl;
	uint8_t *message; /* S53_MESSAGE_MAX octets, in which records pass the gate */
};

/* One file of it. */
struct source {
	const char *name;
	bool is_private; /* messages do not quote it */
	struct entries entries;
	struct entry entry;
	const struct source *parent; /* the file that includes it; NULL: none */
	dev_t device;
	ino_t inode; /* 0: text from elsewhere */
	unsigned depth;
	struct s53_name origin;
	struct s53_name owner; /* of the last record; len 0: none yet */
};

/* One message about the entry at hand. */
void loading_say(struct loading *load, const struct source *source, enum s53_diag_kind kind,
    const char *format, ...) S53_PRINTF(4, 5);

/* The entry is a record: into the zone with it, or a message. S53_E_NOMEM. */
S53_MUST_USE enum s53_status loading_record(struct loading *load, struct source *source);

/* "@", "www" and "www.example." under the origin. false: no domain name. */
bool field_name(const char *word, const struct s53_name *origin, struct s53_name *out);

/*
 * 3600, and 1h, 1W2d3h4m5s when there may be units. false: no such number. What is over 2^32-1
 * stays over it.
 */
bool field_number(const char *word, bool units_too, uint64_t *out);

/* A time as TTL. Over 2^31-1 it is said in *large, and 0 counts (RFC 2181 s8, as BIND does). */
bool field_ttl(const char *word, uint32_t *out, bool *large);
