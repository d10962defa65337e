/* SPDX-License-Identifier: ISC
 *
 * zone.c - the life of a zone: load, keep, drop. Questions are answered in answer.c.
 */
#include <split53/zone.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "zonefile.h"

static enum s53_status
build(const char *name, const char *text, size_t len, bool is_file, const struct s53_name *apex,
    struct s53_diags *diags, struct s53_zone **out)
{
	const struct s53_place whole = { .file = name };
	struct s53_zone *zone = zone_new(apex);
	unsigned errors = diags->error_count;
	char apex_text[S53_NAME_TEXT];
	enum s53_status status;

	if (zone == NULL)
		return S53_E_NOMEM;
	status = zonefile_read(zone, name, text, len, is_file, diags);
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
	if (node_rrset(zone->top, S53_TYPE_NS) == NULL)
		s53_diag_add(diags, S53_DIAG_WARNING, whole, NULL, "zone %s has no NS records",
		    s53_name_print(apex, apex_text));
	*out = zone;
	return S53_OK;
}

enum s53_status
s53_zone_load(
    const char *path, const struct s53_name *apex, struct s53_diags *diags, struct s53_zone **out)
{
	enum s53_status status;
	char *text = NULL;
	size_t len = 0;

	status = zonefile_slurp(path, &text, &len);
	if (status == S53_E_IO)
		s53_diag_add(diags, S53_DIAG_ERROR, (struct s53_place){ .file = path }, NULL,
		    "cannot read the zone file: %s", strerror(errno));
	if (status == S53_OK)
		status = build(path, text, len, true, apex, diags, out);
	free(text);
	return status;
}

enum s53_status
s53_zone_parse(const char *name, const char *text, const struct s53_name *apex,
    struct s53_diags *diags, struct s53_zone **out)
{
	return build(name, text, strlen(text), false, apex, diags, out);
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
