/* SPDX-License-Identifier: ISC
 *
 * note.c - notes for --explain: where a route's names go, and the statement that says so.
 */
#include "builder.h"

#include <string.h>

struct s53_route_note *
setup_note(struct setup_builder *builder, unsigned view, const struct s53_route *route,
    const struct s53_conf_clause *clause, const char *text)
{
	struct s53_route_note *note;

	if (!builder->input->want_notes)
		return NULL;
	note = builder_alloc(builder, sizeof(*note));
	if (note == NULL)
		return NULL;
	note->view = view;
	note->apex = route->apex;
	note->text = text;
	note->place = "built in";
	if (clause != NULL && strcmp(clause->name, "zone") == 0)
		note->zone_body = clause->body;
	if (clause != NULL && clause->place.file != NULL)
		note->place = clause->place.line == 0
		    ? builder_text(builder, "%s", clause->place.file)
		    : builder_text(builder, "%s:%u:%u", clause->place.file, clause->place.line,
			  clause->place.column);
	note->next = builder->snapshot->notes;
	builder->snapshot->notes = note;
	return note;
}
