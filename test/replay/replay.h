/* SPDX-License-Identifier: ISC
 *
 * replay.h - text scenarios through the whole resolve layer, with a fake clock and fake upstreams.
 *
 * README.md beside this file describes the language.
 */
#pragma once

#include <split53/cache.h>
#include <split53/resolver.h>
#include <split53/zone.h>

#include "fake_exchange.h"

#define WORDS_MAX 32
#define CLIENTS_MAX 256

/* The position in the scenario, for messages. */
struct script {
	const char *path;
	char **lines;
	unsigned count;
	unsigned at; /* line number of the current line, from 1 */
};

_Noreturn void fail(const struct script *script, const char *format, ...) S53_PRINTF(2, 3);

/* Split a line at blanks; returns the number of words. `line` is modified. */
unsigned split(char *line, char *words[static WORDS_MAX]);
bool has_word(char *const *words, unsigned count, const char *word);
const char *word_after(char *const *words, unsigned count, const char *word);

/* A query of a client and its outcome. */
struct asker {
	struct s53_client client;
	bool asked, answered, dropped, examined;
	uint8_t *reply;
	size_t reply_len;
	uint8_t *room;
};

struct world {
	struct script script;
	struct s53_policy policy;
	struct s53_view view;
	struct s53_cache_rules rules;
	struct s53_order_rule order;
	struct s53_order_list orders;
	uint32_t route_count;
	struct s53_registry *registry;
	struct s53_group *groups[16];
	unsigned group_count;
	struct s53_zone *zones[16];
	unsigned zone_count;
	struct s53_counters counters;
	struct s53_resolver_shared shared;
	struct s53_exchanger *exchanger;
	struct s53_resolver *resolver; /* created by the first action */
	struct s53_exchange
	    *current; /* the upstream query that `reply` and `unreachable` refer to */
	struct asker askers[CLIENTS_MAX];
	uint64_t now_ms;
};

void world_init(struct world *world);
void world_fini(struct world *world);
bool world_setting(struct world *world, char **words, unsigned count); /* route, local, option */
void world_start(struct world *world);

/* operate.c: what an operator does. */
void do_flush(struct world *world, char **words, unsigned count);
void do_set(struct world *world, char **words, unsigned count);
void do_fetch(struct world *world, char **words, unsigned count);

/* packet.c: messages from and to text, by way of ldns. */
struct packet {
	uint8_t octets[S53_MESSAGE_MAX];
	size_t len;
};

/* A client's query from the words of an `ask` line. */
void packet_of_ask(
    const struct script *script, char **words, unsigned count, uint16_t id, struct packet *out);

/*
 * An upstream's reply to `ask` from the words of a `reply` line and the record lines after it,
 * which are consumed.
 */
void packet_of_reply(struct script *script, char **words, unsigned count, const uint8_t *ask,
    size_t ask_len, struct packet *out);

/*
 * Compare a reply with the words of an `answer` line and the record lines after it, which are
 * consumed.
 */
void packet_expect(
    struct script *script, char **words, unsigned count, const uint8_t *octets, size_t len);

/* Compare an upstream query with the words of an `upstream` line. */
void packet_expect_ask(
    const struct script *script, char **words, unsigned count, const uint8_t *octets, size_t len);
