/* SPDX-License-Identifier: ISC
 *
 * zone.c - create, keep and drop zones. Queries are answered in answer.c.
 */
#include <split53/zone.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <split53/file.h>

#include "index.h"
#include "zonefile.h"

static enum s53_status
build(const struct zonefile_text *text, bool is_file, const struct s53_name *apex,
    struct s53_diags *diags, struct s53_zone **out)
{
	const struct s53_place whole = { .file = text->name };
	struct s53_zone *zone = zone_new(apex);
	unsigned errors = diags->error_count;
	char apex_text[S53_NAME_TEXT];
	enum s53_status status;

	if (zone == NULL)
		return S53_E_NOMEM;
	status = zonefile_read(zone, text, is_file, diags);
	if (status == S53_OK && diags->error_count != errors)
		status = S53_E_SYNTAX;
	if (status == S53_OK && zone_seal(zone) != S53_OK) {
		s53_diag_add(diags, S53_DIAG_ERROR, whole, NULL, "zone %s has no SOA record",
		    s53_name_print(apex, apex_text));
		status = S53_E_SYNTAX;
	}
	if (status != S53_OK) {
		s53_zone_drop(zone);
		return status;
	}
	if (index_rrset(zone->top, S53_TYPE_NS) == NULL)
		s53_diag_add(diags, S53_DIAG_WARNING, whole, NULL, "zone %s has no NS records",
		    s53_name_print(apex, apex_text));
	*out = zone;
	return S53_OK;
}

enum s53_status
s53_zone_load(
    const char *path, const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out)
{
	struct zonefile_text text = { .octets = NULL };
	enum s53_status status = zonefile_slurp(path, &text);
	char why[S53_FILE_WHY];

	if (status == S53_E_IO)
		s53_diag_add(diags, S53_DIAG_ERROR, (struct s53_place){ .file = path }, NULL,
		    "cannot read the zone file: %s", s53_file_why(path, errno, why));
	if (status == S53_OK)
		status = build(&text, true, apex, diags, out);
	free(text.octets);
	return status;
}

enum s53_status
s53_zone_parse(const char *name, const char *text, const struct s53_name *apex,
    struct s53_diags *diags, struct s53_zone **out)
{
	const struct zonefile_text whole = {
		.name = name, .octets = (char *)text, .len = strlen(text)
	};

	return build(&whole, false, apex, diags, out);
}

struct s53_zone *
s53_zone_keep(struct s53_zone *zone)
{
	atomic_fetch_add_explicit(&zone->count, 1, memory_order_relaxed);
	return zone;
}

void
s53_zone_drop(struct s53_zone *zone)
{
	if (zone == NULL || atomic_fetch_sub_explicit(&zone->count, 1, memory_order_acq_rel) != 1)
		return;
	s53_arena_fini(&zone->arena);
	free(zone->slots);
	free(zone);
}

size_t
s53_zone_record_count(const struct s53_zone *zone)
{
	return zone->record_count;
}
