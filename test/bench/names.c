/* SPDX-License-Identifier: ISC
 *
 * names.c - which name is queried next.
 */
#include "names.h"

#include <string.h>

#define SCATTER UINT64_C(0x5d1e8f2a6c3b) /* odd, hence one to one modulo 2^48 */
#define FRESH_BITS 28 /* the run's own numbers; the seed fills the 20 bits above */
#define CASE_BIT 0x20

struct choice {
	const char *word;
	enum bench_draw draw;
	enum bench_kind kind, between;
	uint32_t between_count;
};

static const struct choice choices[] = {
	{ "set", BENCH_DRAW_UNIFORM, BENCH_SET, BENCH_OTHER, 0 },
	{ "fresh", BENCH_DRAW_FRESH, BENCH_FRESH, BENCH_OTHER, 0 },
	{ "zipf", BENCH_DRAW_ZIPF, BENCH_ZIPF, BENCH_OTHER, 0 },
	{ "scan", BENCH_DRAW_UNIFORM, BENCH_WORKING, BENCH_FRESH, 20 },
	{ "nx", BENCH_DRAW_UNIFORM, BENCH_NX, BENCH_OTHER, 0 },
	{ "nx-zipf", BENCH_DRAW_ZIPF, BENCH_NX, BENCH_OTHER, 0 },
	{ "nd", BENCH_DRAW_UNIFORM, BENCH_ND, BENCH_OTHER, 0 },
	{ "negative", BENCH_DRAW_UNIFORM, BENCH_NX, BENCH_ND, 1 },
	{ "big", BENCH_DRAW_UNIFORM, BENCH_BIG, BENCH_OTHER, 0 },
	{ "consul-ttl0", BENCH_DRAW_UNIFORM, BENCH_TTL0, BENCH_OTHER, 0 },
	{ "ttl0", BENCH_DRAW_UNIFORM, BENCH_TTL0, BENCH_OTHER, 0 },
};

bool
bench_names_choose(struct bench_names *names, const char *word)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (strcmp(choices[i].word, word) != 0)
			continue;
		names->draw = choices[i].draw;
		names->kind = choices[i].kind;
		names->between = choices[i].between;
		names->between_count = choices[i].between_count;
		return true;
	}
	return false;
}

bool
bench_names_zone(struct bench_names *names, const char *text)
{
	size_t at = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, ".");

		if (len == 0 || len > 63 || at + len + 2 > BENCH_ZONE_MAX)
			return false;
		names->zone[at] = (uint8_t)len;
		memcpy(names->zone + at + 1, text, len);
		at += 1 + len;
		text += len;
		text += *text == '.';
	}
	names->zone[at] = 0;
	names->zone_len = at + 1;
	return at > 0;
}

void
bench_names_init(struct bench_names *names, uint64_t seed)
{
	names->random.state = seed;
	names->fresh = bench_mix(seed) << FRESH_BITS;
	names->next = 0;
	names->between_left = 0;
	if (names->draw == BENCH_DRAW_ZIPF)
		bench_zipf_init(&names->zipf, names->count);
}

bool
bench_names_sequence(const struct bench_names *names, struct bench_names *out)
{
	if (names->draw == BENCH_DRAW_FRESH)
		return false;
	*out = *names;
	out->draw = BENCH_DRAW_SEQUENCE;
	if (names->between == BENCH_FRESH)
		out->between_count = 0;
	return true;
}

size_t
bench_names_template(const struct bench_names *names, uint8_t *message, size_t *question_end)
{
	static const uint8_t header[BENCH_HEADER] = { 0, 0, BENCH_RD >> 8, 0, 0, 1 };
	const char *prefix = bench_kind_prefix(names->kind);
	size_t len = strlen(prefix), at = BENCH_HEADER + 1;

	memcpy(message, header, sizeof(header));
	message[11] = names->edns;
	message[12] = (uint8_t)(len + BENCH_LETTERS);
	memcpy(message + at, prefix, len);
	memset(message + at + len, 'a', BENCH_LETTERS);
	at += len + BENCH_LETTERS;
	memcpy(message + at, names->zone, names->zone_len);
	at += names->zone_len;
	bench_put16(message + at, names->type);
	bench_put16(message + at + 2, 1);
	*question_end = at += 4;
	if (!names->edns)
		return at;
	memset(message + at, 0, BENCH_OPT_LEN);
	bench_put16(message + at + 1, BENCH_TYPE_OPT);
	bench_put16(message + at + 3, BENCH_UDP_SIZE);
	return at + BENCH_OPT_LEN;
}

/* Each name once; two kinds alternate. */
static enum bench_kind
choose_in_turn(struct bench_names *names, uint64_t *number)
{
	uint64_t kinds = names->between_count > 0 ? 2 : 1;

	if (names->next == names->count * kinds)
		return BENCH_OTHER;
	*number = names->next / kinds;
	return names->next++ % kinds == 0 ? names->kind : names->between;
}

/* The kind of the next query, and the number of its name within that kind. */
static enum bench_kind
choose(struct bench_names *names, uint64_t *number)
{
	enum bench_kind kind = names->kind;

	if (names->draw == BENCH_DRAW_SEQUENCE)
		return choose_in_turn(names, number);
	if (names->between_left > 0) {
		names->between_left--;
		kind = names->between;
	} else {
		names->between_left = names->between_count;
	}
	if (kind == BENCH_FRESH)
		*number = names->fresh++;
	else if (names->draw == BENCH_DRAW_ZIPF)
		*number = bench_zipf_draw(&names->zipf, &names->random) - 1;
	else
		*number = bench_random_below(&names->random, names->count);
	return kind;
}

void
bench_names_back(struct bench_names *names)
{
	if (names->draw == BENCH_DRAW_SEQUENCE)
		names->next--;
}

enum bench_kind
bench_names_next(struct bench_names *names, uint8_t *message)
{
	uint64_t number = 0;
	enum bench_kind kind = choose(names, &number);
	const char *prefix;
	uint8_t *at = message + BENCH_HEADER + 1;

	if (kind == BENCH_OTHER)
		return kind;
	number *= SCATTER;
	for (prefix = bench_kind_prefix(kind); *prefix != '\0'; prefix++)
		*at++ = (uint8_t)*prefix;
	for (int i = 0; i < BENCH_LETTERS; i++, number >>= 4)
		at[i] = (uint8_t)('a' + (number & 15));
	if (names->mixed_case) {
		uint64_t bits = bench_random_next(&names->random);

		for (int i = 0; i < BENCH_LETTERS; i++, bits >>= 1)
			at[i] ^= (uint8_t)((bits & 1) * CASE_BIT);
	}
	return kind;
}
