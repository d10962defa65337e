/* SPDX-License-Identifier: ISC
 *
 * option.c - finds the statement that decides: the view's, the command line's, or that of options.
 */
#include "builder.h"

#include <string.h>

static const struct s53_conf_statement *
find_in_options(const struct s53_conf *conf, const char *name)
{
	return conf != NULL ? s53_conf_find(s53_conf_options(conf), name) : NULL;
}

const struct s53_conf_statement *
s53_setup_option(
    const struct s53_source *source, const struct s53_conf_statement *view_body, const char *name)
{
	const struct s53_conf_statement *statement = s53_conf_find(view_body, name);

	if (statement == NULL)
		statement = find_in_options(source->flags, name);
	if (statement == NULL)
		statement = find_in_options(source->file, name);
	return statement;
}

bool
setup_option_bool(const struct s53_source *source, const struct s53_conf_statement *view_body,
    const char *name, bool otherwise)
{
	const struct s53_conf_statement *statement = s53_setup_option(source, view_body, name);

	return statement != NULL && statement->value.type == S53_CONF_BOOL
	    ? statement->value.boolean
	    : otherwise;
}

uint64_t
setup_option_number(const struct s53_source *source, const struct s53_conf_statement *view_body,
    const char *name, uint64_t otherwise)
{
	const struct s53_conf_statement *statement = s53_setup_option(source, view_body, name);

	if (statement == NULL || statement->value.type != S53_CONF_NUMBER ||
	    statement->value.is_default)
		return otherwise;
	return statement->value.number;
}

const struct s53_conf_statement *
s53_setup_top(const struct s53_source *source)
{
	return source->file != NULL ? s53_conf_top(source->file) : NULL;
}

const struct s53_conf_statement *
s53_setup_next_view(const struct s53_source *source, const struct s53_conf_statement *after)
{
	const struct s53_conf_statement *view =
	    s53_conf_find(after != NULL ? after->next : s53_setup_top(source), "view");

	while (view != NULL && view->class_name != NULL && strcmp(view->class_name, "IN") != 0)
		view = s53_conf_find(view->next, "view");
	return view;
}

const struct s53_conf_statement *
setup_option_of_zone(const struct s53_source *source, const struct s53_conf_statement *zone_body,
    const struct s53_conf_statement *view_body, const char *name)
{
	const struct s53_conf_statement *statement = s53_conf_find(zone_body, name);

	return statement != NULL ? statement : s53_setup_option(source, view_body, name);
}

bool
s53_setup_is_none(const struct s53_conf_statement *statement)
{
	return statement != NULL && statement->value.type == S53_CONF_NUMBER &&
	    statement->value.number == 0 && !statement->value.is_default;
}
