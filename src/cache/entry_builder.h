/* SPDX-License-Identifier: ISC
 *
 * entry_builder.h - a new entry: all that can be prepared before the lock is taken.
 *
 * Layer    cache, private
 * Threads  a builder is on its creator's stack; s53_entry_builder_store() under the shard's lock
 * Memory   nothing is allocated; key and message are the caller's
 * Units    as in entry.h
 */
#pragma once

#include "inside.h"

struct s53_entry_builder {
	const struct s53_key *key;
	const uint8_t *message;
	size_t len;
	uint8_t flags; /* S53_ENTRY_* */
	uint8_t ede;
	const struct s53_extended_error *error; /* of the upstream, to be stored with it; or NULL */
	uint32_t route_id;
	uint32_t note;
	uint32_t lifetime_s, kept_s;
	int64_t stored_ms;
	uint16_t ttl_count; /* set by s53_entry_builder_examine(), as are the next two */
	uint16_t ttl_at[S53_ENTRY_TTLS_MAX];
	uint8_t seams[S53_SEAMS_LEN(S53_ENTRY_TTLS_MAX)]; /* of a message that may be cut */
};

uint8_t s53_entry_builder_key_flags(const struct s53_key *key);
uint8_t s53_entry_builder_trait_flags(unsigned traits); /* enum s53_cache_trait */

/*
 * Does this record have the queried name as owner, with uncompressed labels, or is it a DNAME, from
 * which such records are made?
 */
bool s53_spells_name(
    const uint8_t *message, size_t len, const struct s53_rr *rr, const struct s53_name *name);

/*
 * Find the TTLs, aliases, and whether the message repeats the name uncompressed. false: it does not
 * have the key's question, has an OPT, or is malformed.
 */
bool s53_entry_builder_examine(struct s53_entry_builder *builder);

/* Store in the shard, replacing `old` unless that is NULL. false: no memory, or too large. */
bool s53_entry_builder_store(const struct s53_entry_builder *builder, struct s53_shard *shard,
    struct s53_entry *old, int64_t now_ms);
