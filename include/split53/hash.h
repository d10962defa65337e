/* SPDX-License-Identifier: ISC
 *
 * hash.h - the keyed hash for every table that strangers can fill.
 *
 * Layer    base
 * Threads  any, after s53_hash_init() ran once at start
 * Memory   none
 * Sources  XXH3 (libxxhash) with a secret seed drawn at start, so that names that collide
 *          cannot be prepared.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Draw the seed; once, before any worker starts. Without it (a test's choice) the seed is 0. */
void s53_hash_init(void);

/*
 * XXH3 without the seed, the same in every process: for numbers that are written to files, never
 * for a table that strangers fill.
 */
uint64_t s53_hash_stable(const void *octets, size_t len);

uint64_t s53_hash(const void *octets, size_t len);
