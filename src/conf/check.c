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
conf_check_warn(struct conf_checker *checker, const struct s53_conf_statement *statement,
    enum s53_conf_level level, const char *what, const char *why)
{
	struct s53_conf_statement *own = &conf_node_of(statement)->statement;

	own->level = level;
	own->why = why;
	conf_warn(checker->sources, level, statement->place, what, "%s", why);
}

const struct s53_conf_statement *
conf_check_inherited(
    const struct conf_checker *checker, const struct s53_conf_statement *zone, const char *name)
{
	const struct s53_conf_statement *found = s53_conf_find(zone->body, name);

	if (found == NULL && zone->parent != NULL)
		found = s53_conf_find(zone->parent->body, name);
	return found != NULL ? found : s53_conf_find(s53_conf_options(checker->conf), name);
}

/* Index the named blocks of one kind, at top level and in views. */
static void
collect(struct conf_checker *checker, struct conf_index *index, const char *name)
{
	for (const struct s53_conf_statement *it = s53_conf_find(checker->conf->top, name);
	     it != NULL; it = s53_conf_find(it->next, name))
		if (it->label != NULL)
			conf_index_add(checker, index, it->label, conf_node_of(it));
	conf_index_sort(index);
	conf_index_twice(checker, index);
}

/* As in BIND: "forward" says how forwarders are used, so it needs them. */
static void
check_forward(struct conf_checker *checker, const struct conf_node *block)
{
	const struct s53_conf_statement *forward = s53_conf_find(block->statement.body, "forward");

	if (forward != NULL && !block->broken &&
	    s53_conf_find(block->statement.body, "forwarders") == NULL)
		conf_check_error(checker, forward->place,
		    "'forward' requires 'forwarders' in the same block: list the servers there, or "
		    "remove 'forward'");
}

static void
check_block(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	check_forward(checker, conf_node_of(block));
	conf_check_listeners(checker, block->body);
	conf_check_options(checker, block);
	conf_check_raw(checker, block);
	conf_check_cache(checker, block);
}

static void
check_views(struct conf_checker *checker)
{
	for (const struct s53_conf_statement *it = checker->conf->top; it != NULL; it = it->next) {
		if (strcmp(it->name, "view") == 0) {
			if (it->class_name != NULL && strcmp(it->class_name, "IN") != 0)
				conf_check_warn(checker, it, S53_CONF_IGNORED_DIFFERENT, "view",
				    "only class IN can have views; version.bind and similar names "
				    "of class CH are answered from 'version', 'hostname' and "
				    "'server-id'");
			check_block(checker, it);
			conf_check_zones(checker, it->body);
			conf_check_servers(checker, it->body);
		} else if (strcmp(it->name, "zone") == 0 && checker->views.count > 0) {
			conf_check_error(checker, it->place,
			    "this zone is in no view: when 'view' statements are used, all zones "
			    "must be in views");
		}
	}
}

bool
conf_check(struct s53_conf *conf, struct conf_sources *sources)
{
	struct conf_checker checker = { .conf = conf, .sources = sources };
	const struct s53_conf_statement *options = s53_conf_find(conf->top, "options");

	s53_arena_init(&checker.scratch);
	collect(&checker, &checker.views, "view");
	collect(&checker, &checker.tls, "tls");
	collect(&checker, &checker.http, "http");
	conf_check_keys(&checker);
	conf_check_anchors(&checker);
	conf_check_tls(&checker);
	if (options != NULL)
		check_block(&checker, options);
	conf_check_names(&checker);
	conf_check_policies(&checker);
	conf_check_zones(&checker, conf->top);
	conf_check_servers(&checker, conf->top);
	conf_check_files(&checker);
	check_views(&checker);
	conf_check_in_view(&checker);
	conf_check_health(&checker, conf->top);
	for (struct s53_conf_statement *it = conf->top; it != NULL; it = it->next)
		if (strcmp(it->name, "logging") == 0)
			conf_check_logging(&checker, it);
	conf_index_fini(&checker.acls);
	conf_index_fini(&checker.servers);
	conf_index_fini(&checker.views);
	conf_index_fini(&checker.keys);
	conf_index_fini(&checker.tls);
	conf_index_fini(&checker.http);
	conf_index_fini(&checker.policies);
	s53_arena_fini(&checker.scratch);
	return !checker.out_of_memory;
}
