/* SPDX-License-Identifier: ISC
 *
 * operate.c - the actions of an operator: flush, set, fetch.
 */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include <split53/cache.h>
#include <split53/mnemonic.h>
#include <split53/recursing.h>

static struct s53_name
name_of(const struct script *script, const char *word)
{
	struct s53_name name, lower;

	if (s53_name_parse(word, &name) != S53_OK)
		fail(script, "'%s' is no name", word);
	s53_name_lower_of(&name, &lower);
	return lower;
}

/* flush all | name NAME | tree NAME: as the daemon does it, workers first. */
void
do_flush(struct world *world, char **words, unsigned count)
{
	struct s53_cache_flush what = { .all_views = true };
	struct s53_cache_cursor cursor = { 0 };
	bool more = true;

	if (count < 2 || (strcmp(words[1], "all") != 0 && count < 3))
		fail(&world->script, "flush all | name NAME | tree NAME");
	if (strcmp(words[1], "all") != 0) {
		what.kind = strcmp(words[1], "tree") == 0 ? S53_FLUSH_TREE : S53_FLUSH_NAME;
		what.name = name_of(&world->script, words[2]);
	}
	s53_resolver_outdate(world->resolver, true, 0);
	while (more)
		if (s53_cache_flush(world->policy.cache, &what, &cursor, &more) != S53_OK)
			fail(&world->script, "out of memory");
}

/* set ADDR[#PORT] up | down | auto; without the port: all of that host. */
void
do_set(struct world *world, char **words, unsigned count)
{
	enum s53_admin admin = S53_ADMIN_AUTO;
	bool any_port = count > 1 && strchr(words[1], '#') == NULL;
	struct s53_addr addr;

	if (count < 3 || s53_addr_parse_port(words[1], 53, &addr) != S53_OK)
		fail(&world->script, "set ADDR up | down | auto");
	while (strcmp(s53_admin_name(admin), words[2]) != 0)
		if (++admin > S53_ADMIN_DOWN)
			fail(&world->script, "'%s' is nothing to set", words[2]);
	if (s53_registry_set_admin(world->registry, &addr, any_port, admin) <= 0)
		fail(&world->script, "no server at %s", words[1]);
}

static void
expect(struct script *script, const char *what, unsigned is, const char *word)
{
	if (word != NULL && is != strtoul(word, NULL, 10))
		fail(script, "%s: %u", what, is);
}

/* fetch NAME TYPE [clients N] [open N] [tried N] [age MS] [of N]: so the operator sees it. */
void
do_fetch(struct world *world, char **words, unsigned count)
{
	struct s53_recursing *list = calloc(1, sizeof(*list) + 64 * sizeof(list->fetches[0]));
	const struct s53_recursing_fetch *found = NULL;
	struct s53_name name;

	if (count < 3 || list == NULL)
		fail(&world->script, "fetch NAME TYPE");
	name = name_of(&world->script, words[1]);
	list->room = 64;
	s53_resolver_list(world->resolver, list, world->now_ms);
	for (unsigned i = 0; i < list->count; i++)
		if (s53_name_equal(&list->fetches[i].name, &name) &&
		    list->fetches[i].qtype == s53_type_parse(words[2]))
			found = &list->fetches[i];
	if (found == NULL)
		fail(&world->script, "no such fetch is under way");
	expect(&world->script, "clients", found->client_count, word_after(words, count, "clients"));
	expect(&world->script, "open attempts", found->attempt_count,
	    word_after(words, count, "open"));
	expect(&world->script, "servers tried", found->tried, word_after(words, count, "tried"));
	expect(&world->script, "age", found->age_ms, word_after(words, count, "age"));
	expect(&world->script, "fetches", list->count, word_after(words, count, "of"));
	free(list);
}
