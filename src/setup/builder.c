/* SPDX-License-Identifier: ISC
 *
 * builder.c - functions for all parts of a build: diagnostics, memory, paths, our own addresses.
 */
#include "builder.h"

#include <stdarg.h>
#include <stdio.h>

#define NOTE_TEXT 1024 /* bytes of a message */

S53_PRINTF(4, 0)
static void
note(struct setup_builder *builder, enum s53_diag_kind kind, struct s53_place place,
    const char *format, va_list args)
{
	char text[NOTE_TEXT];

	vsnprintf(text, sizeof(text), format, args);
	s53_diag_add(builder->diags, kind, place, NULL, "%s", text);
}

void
builder_error(struct setup_builder *builder, struct s53_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(builder, S53_DIAG_ERROR, place, format, args);
	va_end(args);
}

void
builder_warn(struct setup_builder *builder, struct s53_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(builder, S53_DIAG_WARNING, place, format, args);
	va_end(args);
}

void
builder_warn_differs(struct setup_builder *builder, struct s53_place place, const char *format, ...)
{
	char text[NOTE_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	s53_diag_warn(builder->diags, S53_DIAG_DIFFERS, place, NULL, "%s", text);
}

void
builder_notice(struct setup_builder *builder, struct s53_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(builder, S53_DIAG_NOTICE, place, format, args);
	va_end(args);
}

void *
builder_alloc(struct setup_builder *builder, size_t size)
{
	void *memory = s53_arena_zalloc(&builder->snapshot->arena, size);

	if (memory == NULL)
		builder->no_memory = true;
	return memory;
}

char *
builder_text(struct setup_builder *builder, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = builder_alloc(builder, (size_t)len + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

const char *
builder_path(struct setup_builder *builder, const char *path)
{
	const struct s53_conf_statement *statement =
	    s53_setup_option(builder->input->source, NULL, "directory");

	if (path[0] == '/' || statement == NULL || statement->value.type != S53_CONF_TEXT)
		return builder_text(builder, "%s", path);
	return builder_text(builder, "%s/%s", statement->value.text, path);
}

bool
builder_is_ourselves(const struct setup_builder *builder, const struct s53_addr *addr)
{
	return s53_snapshot_is_ourselves(builder->snapshot, builder->input->foreign, addr);
}
