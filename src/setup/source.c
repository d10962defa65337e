/* SPDX-License-Identifier: ISC
 *
 * source.c - read the file, the flags and the zone files that they name.
 *
 * A source keeps what was read, so that a rebuild because of a changed address neither waits for a
 * disk nor reads a file that is being edited.
 */
#include "builder.h"

#include <stdlib.h>
#include <string.h>

struct setup_zone_file {
	struct setup_zone_file *next;
	const struct s53_conf_clause *clause; /* `file` */
	struct s53_zone *zone;
};

static struct s53_zone *
find(const struct s53_source *source, const struct s53_conf_clause *clause)
{
	for (const struct setup_zone_file *it = source->zones; it != NULL; it = it->next)
		if (it->clause == clause)
			return it->zone;
	return NULL;
}

static struct s53_zone *
load(struct setup_builder *builder, const struct s53_conf_clause *clause,
    const struct s53_name *apex)
{
	struct s53_source *source = builder->input->source;
	unsigned errors_before = builder->diags->error_count;
	const char *path = builder_path(builder, clause->value.text);
	struct setup_zone_file *file;
	struct s53_zone *zone = NULL;
	enum s53_status status;

	if (path == NULL)
		return NULL;
	status = s53_zone_load(path, apex, builder->diags, &zone);
	if (status == S53_E_NOMEM)
		builder->no_memory = true;
	else if (status != S53_OK && builder->diags->error_count == errors_before)
		builder_error(builder, clause->place, "zone file '%s' cannot be used", path);
	else if (status != S53_OK)
		builder_notice(builder, clause->place, "the zone file is named here");
	if (status != S53_OK)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (file == NULL) {
		s53_zone_drop(zone);
		builder->no_memory = true;
		return NULL;
	}
	file->clause = clause;
	file->zone = zone;
	file->next = source->zones;
	source->zones = file;
	return zone;
}

static void
drop_zone(void *zone)
{
	s53_zone_drop(zone);
}

struct s53_zone *
setup_source_zone(struct setup_builder *builder, const struct s53_conf_clause *clause,
    const struct s53_name *apex)
{
	struct s53_zone *zone = find(builder->input->source, clause);

	if (zone == NULL)
		zone = load(builder, clause, apex);
	if (zone == NULL)
		return NULL;
	if (!s53_snapshot_own(builder->snapshot, s53_zone_keep(zone), drop_zone)) {
		builder->no_memory = true;
		return NULL;
	}
	return zone;
}

enum s53_status
s53_source_load(struct s53_options *options, struct s53_diags *diags, struct s53_source **out)
{
	struct s53_source *source = calloc(1, sizeof(*source));
	enum s53_status status = S53_OK, flags_status;
	char *text;

	if (source == NULL)
		return S53_E_NOMEM;
	text = s53_options_text(options);
	if (text == NULL) {
		s53_diag_add(
		    diags, S53_DIAG_ERROR, (struct s53_place){ 0 }, NULL, "%s", options->error);
		free(source);
		return S53_E_SYNTAX;
	}
	if (options->config_path != NULL)
		status = s53_conf_load(options->config_path, diags, &source->file);
	flags_status = S53_OK;
	if (*text != '\0')
		flags_status =
		    s53_conf_parse(S53_FLAGS_NAME, text, strlen(text), diags, &source->flags);
	free(text);
	if (status == S53_OK)
		status = flags_status;
	if (status == S53_OK)
		*out = source;
	else
		s53_source_free(source);
	return status;
}

void
s53_source_free(struct s53_source *source)
{
	if (source == NULL)
		return;
	while (source->zones != NULL) {
		struct setup_zone_file *file = source->zones;

		source->zones = file->next;
		s53_zone_drop(file->zone);
		free(file);
	}
	for (unsigned i = 0; source->builtins != NULL && i < s53_builtin_zone_count; i++)
		s53_zone_drop(source->builtins[i]);
	free(source->builtins);
	s53_conf_free(source->file);
	s53_conf_free(source->flags);
	free(source);
}
