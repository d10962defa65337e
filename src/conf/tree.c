/* SPDX-License-Identifier: ISC
 *
 * tree.c - the configuration as a whole, and look-ups in it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tree.h"

struct s53_conf *
conf_new(void)
{
	struct s53_conf *conf = calloc(1, sizeof(*conf));

	if (conf != NULL)
		s53_arena_init(&conf->arena);
	return conf;
}

void
s53_conf_free(struct s53_conf *conf)
{
	if (conf == NULL)
		return;
	s53_arena_fini(&conf->arena);
	free(conf);
}

const struct s53_conf_statement *
s53_conf_top(const struct s53_conf *conf)
{
	return conf->top;
}

const struct s53_conf_statement *
s53_conf_find(const struct s53_conf_statement *first, const char *name)
{
	/* Most names differ in their first letter: comparing that is cheaper than a call. */
	while (first != NULL && (first->name[0] != name[0] || strcmp(first->name, name) != 0))
		first = first->last_alike != NULL ? first->last_alike->next : first->next;
	return first;
}

const struct s53_conf_statement *
s53_conf_options(const struct s53_conf *conf)
{
	return conf->options != NULL ? conf->options->body : NULL;
}

const struct s53_conf_statement *
s53_conf_acl(const struct s53_conf *conf, const char *name)
{
	const struct s53_conf_statement *acl = s53_conf_find(conf->top, "acl");

	while (acl != NULL && strcasecmp(acl->label, name) != 0)
		acl = s53_conf_find(acl->next, "acl");
	return acl;
}

const struct s53_conf_statement *
s53_conf_servers(const struct s53_conf *conf, const char *name)
{
	for (const struct s53_conf_statement *it = conf->top; it != NULL; it = it->next)
		if (it->value.type == S53_CONF_PEERS && it->label != NULL &&
		    strcasecmp(it->label, name) == 0)
			return it;
	return NULL;
}

const char *
s53_conf_level_text(enum s53_conf_level level)
{
	static const char *const texts[S53_CONF_LEVEL_COUNT] = {
		[S53_CONF_SUPPORTED] = "supported",
		[S53_CONF_IGNORED_HARMLESS] = "harmless",
		[S53_CONF_IGNORED_DIFFERENT] = "differs",
		[S53_CONF_IGNORED_SECURITY] = "security",
		[S53_CONF_REFUSED] = "refused",
	};

	return texts[level];
}
