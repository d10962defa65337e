/* SPDX-License-Identifier: ISC
 *
 * hash.h - the keyed hash for every table that clients and servers can fill.
 *
 * Layer    base
 * Threads  any, after s53_hash_init() ran once at start
 * Memory   none
 * Sources  XXH3 (libxxhash) with a secret seed drawn at start, so that an attacker cannot prepare
 *          names that collide.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Draw the seed; once, before any worker starts. Without it (in some tests) the seed is 0. */
void s53_hash_init(void);

/*
 * XXH3 without the seed, the same in every process: for numbers that are written to files, never
 * for a table that clients and servers can fill.
 */
uint64_t s53_hash_stable(const void *octets, size_t len);

uint64_t s53_hash(const void *octets, size_t len);
