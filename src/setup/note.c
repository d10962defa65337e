/* SPDX-License-Identifier: ISC
 *
 * note.c - notes for --explain: where a route's names go, and the statement that says so.
 */
#include "builder.h"

#include <string.h>

struct s53_route_note *
setup_note(struct setup_builder *builder, unsigned view, const struct s53_route *route,
    const struct s53_conf_statement *statement, const char *text)
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
	if (statement != NULL && strcmp(statement->name, "zone") == 0)
		note->zone_body = statement->body;
	if (statement != NULL && statement->place.file != NULL)
		note->place = statement->place.line == 0
		    ? builder_text(builder, "%s", statement->place.file)
		    : builder_text(builder, "%s:%u:%u", statement->place.file,
			  statement->place.line, statement->place.column);
	note->next = builder->snapshot->notes;
	builder->snapshot->notes = note;
	return note;
}
