/* SPDX-License-Identifier: ISC
 *
 * option.c - finds the statement that decides: the view's, the command line's, or that of options.
 */
#include "builder.h"

#include <string.h>

static const struct s53_conf_clause *
find_in_options(const struct s53_conf *conf, const char *name)
{
	return conf != NULL ? s53_conf_find(s53_conf_options(conf), name) : NULL;
}

const struct s53_conf_clause *
s53_setup_option(
    const struct s53_source *source, const struct s53_conf_clause *view_body, const char *name)
{
	const struct s53_conf_clause *clause = s53_conf_find(view_body, name);

	if (clause == NULL)
		clause = find_in_options(source->flags, name);
	if (clause == NULL)
		clause = find_in_options(source->file, name);
	return clause;
}

bool
setup_option_bool(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, bool otherwise)
{
	const struct s53_conf_clause *clause = s53_setup_option(source, view_body, name);

	return clause != NULL && clause->value.type == S53_CONF_BOOL ? clause->value.boolean
								     : otherwise;
}

uint64_t
setup_option_number(const struct s53_source *source, const struct s53_conf_clause *view_body,
    const char *name, uint64_t otherwise)
{
	const struct s53_conf_clause *clause = s53_setup_option(source, view_body, name);

	if (clause == NULL || clause->value.type != S53_CONF_NUMBER || clause->value.is_default)
		return otherwise;
	return clause->value.number;
}

const struct s53_conf_clause *
s53_setup_top(const struct s53_source *source)
{
	return source->file != NULL ? s53_conf_top(source->file) : NULL;
}

const struct s53_conf_clause *
s53_setup_next_view(const struct s53_source *source, const struct s53_conf_clause *after)
{
	const struct s53_conf_clause *view =
	    s53_conf_find(after != NULL ? after->next : s53_setup_top(source), "view");

	while (view != NULL && view->class_name != NULL && strcmp(view->class_name, "IN") != 0)
		view = s53_conf_find(view->next, "view");
	return view;
}

const struct s53_conf_clause *
setup_option_of_zone(const struct s53_source *source, const struct s53_conf_clause *zone_body,
    const struct s53_conf_clause *view_body, const char *name)
{
	const struct s53_conf_clause *clause = s53_conf_find(zone_body, name);

	return clause != NULL ? clause : s53_setup_option(source, view_body, name);
}

bool
s53_setup_is_none(const struct s53_conf_clause *clause)
{
	return clause != NULL && clause->value.type == S53_CONF_NUMBER &&
	    clause->value.number == 0 && !clause->value.is_default;
}
