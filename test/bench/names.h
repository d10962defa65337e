/* SPDX-License-Identifier: ISC
 *
 * names.h - the queries of the load generator: which name is queried next.
 *
 * All queries of a run have the same length, so that a train of them can be sent as segments of
 * one message; only the first label and the ID differ. A name is the prefix of its kind and twelve
 * letters that encode a number of 48 bits: the index of the name in its set, scattered.
 *
 * Threads  one.
 * Memory   nothing is allocated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns.h"
#include "random.h"
#include "zipf.h"

#define BENCH_LETTERS 12
#define BENCH_QUERY_MAX 192
#define BENCH_ZONE_MAX 128 /* in wire form */

enum bench_draw {
	BENCH_DRAW_UNIFORM,
	BENCH_DRAW_ZIPF,
	BENCH_DRAW_FRESH, /* never the same again */
	BENCH_DRAW_SEQUENCE, /* each once */
};

struct bench_names {
	enum bench_draw draw;
	enum bench_kind kind;
	enum bench_kind
	    between; /* queried `between_count` times for each of `kind`; new ones unless ND */
	uint32_t between_count, between_left;
	uint32_t count;
	uint16_t type;
	bool edns, mixed_case;
	uint8_t zone[BENCH_ZONE_MAX];
	size_t zone_len;
	uint64_t next; /* of a sequence */
	uint64_t fresh; /* the next unused number */
	struct bench_random random;
	struct bench_zipf zipf;
};

/* By the word of --names (README.md). false: unknown. */
bool bench_names_choose(struct bench_names *names, const char *word);

/* false: no zone, or one that is too long. */
bool bench_names_zone(struct bench_names *names, const char *text);

/* Call it after the fields are set. */
void bench_names_init(struct bench_names *names, uint64_t seed);

/* The same names, each once. false: there is no end of them. */
bool bench_names_sequence(const struct bench_names *names, struct bench_names *out);

/*
 * Write the query that all names share. Returns its length; *question_end is the end of the
 * question.
 */
size_t bench_names_template(
    const struct bench_names *names, uint8_t *message, size_t *question_end);

/* Put the next name into a message of the template. BENCH_OTHER: the sequence is at its end. */
enum bench_kind bench_names_next(struct bench_names *names, uint8_t *message);

/* The last name was not sent: a sequence returns it again. */
void bench_names_back(struct bench_names *names);
