/* SPDX-License-Identifier: ISC
 *
 * source.c - reads the configuration file, the flags and the zone files in them.
 *
 * A source keeps what was read, so that a rebuild after a change of addresses neither waits for a
 * disk nor reads a file that is being edited.
 */
#include "builder.h"

#include <stdlib.h>
#include <string.h>

#include <split53/hash.h>

struct setup_zone_file {
	struct setup_zone_file *next;
	const struct s53_conf_statement *statement; /* the `file` statement */
	struct s53_name apex;
	char *path;
	struct s53_zone *zone; /* NULL: it cannot be loaded, and there is no earlier one */
};

/* A list with the files of this apex, and others; NULL: `source`, which may be NULL, has none. */
static struct setup_zone_file *
chain_of(const struct s53_source *source, const struct s53_name *apex)
{
	if (source == NULL || source->zone_slots == 0)
		return NULL;
	return source->zones[s53_hash_stable(apex->octets, apex->len) & (source->zone_slots - 1)];
}

static void
put(struct s53_source *source, struct setup_zone_file *file)
{
	uint64_t hash = s53_hash_stable(file->apex.octets, file->apex.len);
	struct setup_zone_file **slot = &source->zones[hash & (source->zone_slots - 1)];

	file->next = *slot;
	*slot = file;
}

/* Make space for one more. false: out of memory. */
static bool
make_room(struct s53_source *source)
{
	struct s53_source larger = { .zone_slots = 2 * source->zone_slots };

	if (source->zone_count < source->zone_slots)
		return true;
	if (larger.zone_slots == 0)
		larger.zone_slots = 16;
	larger.zones = calloc(larger.zone_slots, sizeof(struct setup_zone_file *));
	if (larger.zones == NULL)
		return false;
	for (unsigned i = 0; i < source->zone_slots; i++)
		while (source->zones[i] != NULL) {
			struct setup_zone_file *file = source->zones[i];

			source->zones[i] = file->next;
			put(&larger, file);
		}
	free(source->zones);
	source->zones = larger.zones;
	source->zone_slots = larger.zone_slots;
	return true;
}

static const struct setup_zone_file *
find(const struct s53_source *source, const struct s53_conf_statement *statement,
    const struct s53_name *apex)
{
	const struct setup_zone_file *it = chain_of(source, apex);

	while (it != NULL && it->statement != statement)
		it = it->next;
	return it;
}

/* The zone that `source`, which may be NULL, has read from the file at `path`; or NULL. */
static struct s53_zone *
find_earlier(const struct s53_source *source, const char *path, const struct s53_name *apex)
{
	const struct setup_zone_file *it = chain_of(source, apex);

	while (it != NULL &&
	    !(it->zone != NULL && strcmp(it->path, path) == 0 && s53_name_equal(&it->apex, apex)))
		it = it->next;
	return it != NULL ? it->zone : NULL;
}

static void
drop_zone(void *zone)
{
	s53_zone_drop(zone);
}

static void
file_free(struct setup_zone_file *file)
{
	s53_zone_drop(file->zone);
	free(file->path);
	free(file);
}

/* The file cannot be loaded: use the earlier zone if there is one. */
static void
do_without(struct setup_builder *builder, struct setup_zone_file *file)
{
	struct s53_zone *earlier = find_earlier(builder->input->previous, file->path, &file->apex);
	char apex[S53_NAME_TEXT];

	if (earlier != NULL)
		file->zone = s53_zone_keep(earlier);
	s53_diag_add(builder->file_diags, S53_DIAG_ERROR, file->statement->place, NULL,
	    "zone %s cannot be loaded from '%s', see the errors above: %s; correct the file and "
	    "reload",
	    s53_name_print(&file->apex, apex), file->path,
	    earlier != NULL ? "the data loaded before stays in use" : "its names get SERVFAIL");
}

/* false: it is to be read. */
static bool
keep_earlier(const struct setup_builder *builder, struct setup_zone_file *file)
{
	struct s53_zone *earlier = NULL;

	if (builder->input->keep_zone_files)
		earlier = find_earlier(builder->input->previous, file->path, &file->apex);
	if (earlier != NULL)
		file->zone = s53_zone_keep(earlier);
	return earlier != NULL;
}

/* NULL: out of memory. */
static struct setup_zone_file *
file_new(struct setup_builder *builder, const struct s53_conf_statement *statement,
    const struct s53_name *apex)
{
	const char *path = builder_path(builder, statement->value.text);
	struct setup_zone_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	file->statement = statement;
	file->apex = *apex;
	file->path = path != NULL ? strdup(path) : NULL;
	if (file->path != NULL)
		return file;
	file_free(file);
	return NULL;
}

/* Read the file, or report why that is not possible. NULL: out of memory. */
static const struct setup_zone_file *
load(struct setup_builder *builder, const struct s53_conf_statement *statement,
    const struct s53_name *apex)
{
	struct setup_zone_file *file = file_new(builder, statement, apex);
	unsigned errors_before = builder->file_diags->error_count;
	enum s53_status status = S53_E_NOMEM;

	if (file != NULL && make_room(builder->input->source))
		status = keep_earlier(builder, file)
		    ? S53_OK
		    : s53_zone_load(file->path, apex, builder->file_diags, &file->zone);
	if (status == S53_E_NOMEM) {
		builder->no_memory = true;
		if (file != NULL)
			file_free(file);
		return NULL;
	}
	if (status != S53_OK)
		do_without(builder, file);
	builder->unloaded_errors += builder->file_diags->error_count - errors_before;
	put(builder->input->source, file);
	builder->input->source->zone_count++;
	return file;
}

struct s53_zone *
setup_source_zone(struct setup_builder *builder, const struct s53_conf_statement *statement,
    const struct s53_name *apex)
{
	const struct setup_zone_file *file = find(builder->input->source, statement, apex);

	if (file == NULL)
		file = load(builder, statement, apex);
	if (file == NULL || file->zone == NULL)
		return NULL;
	if (!s53_snapshot_own(builder->snapshot, s53_zone_keep(file->zone), drop_zone)) {
		builder->no_memory = true;
		return NULL;
	}
	return file->zone;
}

/* false: no memory. */
static bool
read_again(struct setup_zone_file *file, struct s53_diags *diags, unsigned *failed)
{
	struct s53_zone *zone = NULL;
	enum s53_status status = s53_zone_load(file->path, &file->apex, diags, &zone);

	if (status == S53_E_NOMEM)
		return false;
	if (status != S53_OK) {
		(*failed)++;
		return true;
	}
	s53_zone_drop(file->zone);
	file->zone = zone;
	return true;
}

enum s53_status
s53_source_reload_zone(struct s53_source *source, const struct s53_name *apex, bool all_views,
    const struct s53_zone *zone, struct s53_diags *diags)
{
	struct setup_zone_file *it = chain_of(source, apex);
	unsigned found = 0, failed = 0;

	for (; it != NULL; it = it->next) {
		if (!s53_name_equal(&it->apex, apex) || (!all_views && it->zone != zone))
			continue;
		found++;
		if (!read_again(it, diags, &failed))
			return S53_E_NOMEM;
	}
	if (found == 0)
		return S53_E_ABSENT;
	return failed == 0 ? S53_OK : S53_E_SYNTAX;
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
	if (status == S53_OK) {
		setup_channels_load_key(source, diags);
		*out = source;
	} else {
		s53_source_free(source);
	}
	return status;
}

void
s53_source_free(struct s53_source *source)
{
	if (source == NULL)
		return;
	for (unsigned i = 0; i < source->zone_slots; i++)
		while (source->zones[i] != NULL) {
			struct setup_zone_file *file = source->zones[i];

			source->zones[i] = file->next;
			file_free(file);
		}
	free(source->zones);
	for (unsigned i = 0; source->builtins != NULL && i < s53_builtin_zone_count; i++)
		s53_zone_drop(source->builtins[i]);
	free(source->builtins);
	s53_conf_free(source->rndc_key);
	s53_conf_free(source->file);
	s53_conf_free(source->flags);
	free(source);
}
