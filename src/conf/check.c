/* SPDX-License-Identifier: ISC
 *
 * check.c - the checks of the whole file: blocks, views, keys.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

void
conf_check_error(struct conf_checker *checker, struct s53_place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	conf_vreport(checker->sources, S53_DIAG_ERROR, place, format, arguments);
	va_end(arguments);
}

void
conf_check_warn(struct conf_checker *checker, const struct s53_conf_clause *clause,
    enum s53_conf_level level, const char *what, const char *why)
{
	struct s53_conf_clause *own = &conf_node_of(clause)->clause;

	own->level = level;
	own->why = why;
	conf_warn(checker->sources, level, clause->place, what, "%s", why);
}

/* Named blocks of one kind, anywhere at top level or in views. */
static void
collect(struct conf_checker *checker, struct conf_index *index, const char *name)
{
	for (const struct s53_conf_clause *it = s53_conf_find(checker->conf->top, name); it != NULL;
	     it = s53_conf_find(it->next, name))
		if (it->label != NULL)
			conf_index_add(checker, index, it->label, conf_node_of(it));
	conf_index_sort(index);
	conf_index_twice(checker, index);
}

static void
check_keys(struct conf_checker *checker)
{
	for (size_t i = 0; i < checker->keys.count; i++) {
		const struct conf_node *node = checker->keys.keys[i].node;
		const struct s53_conf_clause *body = node->clause.body;

		if (!node->broken &&
		    (s53_conf_find(body, "algorithm") == NULL ||
			s53_conf_find(body, "secret") == NULL))
			conf_check_error(checker, node->clause.place,
			    "key '%s' needs an algorithm and a secret", node->clause.label);
	}
}

static bool
names_tls(const struct conf_checker *checker, const char *name)
{
	return strcmp(name, "none") == 0 || strcmp(name, "ephemeral") == 0 ||
	    conf_index_find(&checker->tls, name) != NULL;
}

/* A listener's tls and http blocks exist; that it is left out does not make a slip right. */
static void
check_listeners(struct conf_checker *checker, const struct s53_conf_clause *clause)
{
	char shown[CONF_SHOWN];

	for (; clause != NULL && !checker->sources->broken_off; clause = clause->next) {
		const struct s53_conf_clause *http;

		if (conf_node_of(clause)->rule->inside != IN_LISTEN)
			continue;
		if (clause->value.tls != NULL && !names_tls(checker, clause->value.tls))
			conf_check_error(checker, clause->place, "tls '%s' is not defined",
			    conf_show(clause->value.tls, shown));
		http = s53_conf_find(clause->body, "http");
		if (http != NULL && http->value.type == S53_CONF_TEXT &&
		    strcmp(http->value.text, "default") != 0 &&
		    conf_index_find(&checker->http, http->value.text) == NULL)
			conf_check_error(checker, http->place, "http '%s' is not defined",
			    conf_show(http->value.text, shown));
	}
}

/* BIND: "forward" says how forwarders are used, so that it needs some. */
static void
check_forward(struct conf_checker *checker, const struct conf_node *block)
{
	const struct s53_conf_clause *forward = s53_conf_find(block->clause.body, "forward");

	if (forward != NULL && !block->broken &&
	    s53_conf_find(block->clause.body, "forwarders") == NULL)
		conf_check_error(checker, forward->place,
		    "'forward' without 'forwarders' beside it: who is to be asked?");
}

static void
check_block(struct conf_checker *checker, const struct s53_conf_clause *block)
{
	check_forward(checker, conf_node_of(block));
	check_listeners(checker, block->body);
	conf_check_cache(checker, block);
}

static void
check_views(struct conf_checker *checker)
{
	for (const struct s53_conf_clause *it = checker->conf->top; it != NULL; it = it->next) {
		if (strcmp(it->name, "view") == 0) {
			if (it->class_name != NULL && strcmp(it->class_name, "IN") != 0)
				conf_check_warn(checker, it, S53_CONF_IGNORED_DIFFERENT, "view",
				    "only class IN has views; version.bind and its kin are "
				    "answered "
				    "from version, hostname and server-id");
			check_block(checker, it);
			conf_check_zones(checker, it->body);
		} else if (strcmp(it->name, "zone") == 0 && checker->views.count > 0) {
			conf_check_error(checker, it->place,
			    "a zone outside of the views: where there are views, every zone stands "
			    "in one");
		}
	}
}

bool
conf_check(struct s53_conf *conf, struct conf_sources *sources)
{
	struct conf_checker checker = { .conf = conf, .sources = sources };
	const struct s53_conf_clause *options = s53_conf_find(conf->top, "options");

	s53_arena_init(&checker.scratch);
	collect(&checker, &checker.views, "view");
	collect(&checker, &checker.keys, "key");
	collect(&checker, &checker.tls, "tls");
	collect(&checker, &checker.http, "http");
	check_keys(&checker);
	conf_check_keys(&checker);
	if (options != NULL)
		check_block(&checker, options);
	conf_check_names(&checker);
	conf_check_zones(&checker, conf->top);
	check_views(&checker);
	conf_check_in_view(&checker);
	conf_check_health(&checker, conf->top);
	for (struct s53_conf_clause *it = conf->top; it != NULL; it = it->next)
		if (strcmp(it->name, "logging") == 0)
			conf_check_logging(&checker, it);
	conf_index_fini(&checker.acls);
	conf_index_fini(&checker.servers);
	conf_index_fini(&checker.views);
	conf_index_fini(&checker.keys);
	conf_index_fini(&checker.tls);
	conf_index_fini(&checker.http);
	s53_arena_fini(&checker.scratch);
	return !checker.out_of_memory;
}
