/* SPDX-License-Identifier: ISC
 *
 * setup_zonefile.c - zone files are read once for each source, so that a rebuild for a changed
 * address neither waits for a disk nor sees half of an edit.
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
load(struct s53_setup *setup, const struct s53_conf_clause *clause, const struct s53_name *apex)
{
	struct s53_source *source = setup->input->source;
	unsigned errors_before = setup->diags->error_count;
	const char *path = s53_setup_path(setup, clause->value.text);
	struct setup_zone_file *file;
	struct s53_zone *zone = NULL;
	enum s53_status status;

	if (path == NULL)
		return NULL;
	status = s53_zone_load(path, apex, setup->diags, &zone);
	if (status == S53_E_NOMEM)
		setup->no_memory = true;
	else if (status != S53_OK && setup->diags->error_count == errors_before)
		s53_setup_error(setup, clause->place, "zone file '%s' cannot be used", path);
	else if (status != S53_OK)
		s53_setup_notice(setup, clause->place, "the zone file is named here");
	if (status != S53_OK)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (file == NULL) {
		s53_zone_drop(zone);
		setup->no_memory = true;
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
s53_setup_zone_file(
    struct s53_setup *setup, const struct s53_conf_clause *clause, const struct s53_name *apex)
{
	struct s53_zone *zone = find(setup->input->source, clause);

	if (zone == NULL)
		zone = load(setup, clause, apex);
	if (zone == NULL)
		return NULL;
	if (!s53_snapshot_own(setup->snapshot, s53_zone_keep(zone), drop_zone)) {
		setup->no_memory = true;
		return NULL;
	}
	return zone;
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
