/* SPDX-License-Identifier: ISC
 *
 * check_server.c - server statements: each prefix once in its view, keys that exist, sources of
 *                  the prefix's address family.
 */
#include <string.h>

#include "check.h"

static const struct s53_prefix *
prefix_of(const struct s53_conf_statement *server)
{
	return server->value.type == S53_CONF_MATCH && server->value.match != NULL
	    ? &server->value.match->prefix
	    : NULL;
}

static void
check_sources(struct conf_checker *checker, const struct s53_conf_statement *server, bool is_4)
{
	static const char *const names[] = { "query-source", "transfer-source", "notify-source",
		"query-source-v6", "transfer-source-v6", "notify-source-v6" };
	char shown[CONF_SHOWN];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct s53_conf_statement *source = s53_conf_find(server->body, names[i]);

		if (source != NULL && (i < 3) != is_4)
			conf_check_error(checker, source->place,
			    "'%s' is not of the address family of server %s", names[i],
			    conf_show(server->label, shown));
	}
}

/* keys NAME; or keys { NAME; }; as raw tokens. */
static void
check_keys(struct conf_checker *checker, const struct s53_conf_statement *server)
{
	const struct s53_conf_statement *keys = s53_conf_find(server->body, "keys");

	if (keys == NULL || keys->value.type != S53_CONF_WORDS)
		return;
	for (const struct s53_conf_words *it = keys->value.words; it != NULL; it = it->next)
		if (it->quoted || strpbrk(it->text, "{};") == NULL)
			conf_check_key_used(checker, server->parent, it->text, it->place);
}

void
conf_check_servers(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	struct conf_index servers = { .keys = NULL };

	for (const struct s53_conf_statement *it = s53_conf_find(first, "server"); it != NULL;
	     it = s53_conf_find(it->next, "server")) {
		const struct s53_prefix *prefix = prefix_of(it);
		uint8_t key[2 + sizeof(prefix->octets)];

		if (prefix == NULL)
			continue;
		key[0] = (uint8_t)prefix->family;
		key[1] = prefix->bits;
		memcpy(key + 2, prefix->octets, sizeof(prefix->octets));
		conf_index_add_octets(checker, &servers, key, sizeof(key), conf_node_of(it));
		check_sources(checker, it, prefix->family == AF_INET);
		check_keys(checker, it);
	}
	conf_index_sort(&servers);
	conf_index_twice(checker, &servers);
	conf_index_fini(&servers);
}
