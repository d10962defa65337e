/* SPDX-License-Identifier: ISC
 *
 * diag.c - messages about a file, kept in order and printed with the line and a caret.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <split53/diag.h>

#define LINE_KEPT 4096 /* octets of a source line that are copied */
#define LINE_SHOWN 160 /* octets of it that are printed */
#define BEFORE_CARET 80 /* of these, before the column when the line is longer */

void
s53_diags_init(struct s53_diags *diags)
{
	memset(diags, 0, sizeof(*diags));
	diags->last = &diags->first;
}

static void
diag_free(struct s53_diag *diag)
{
	free((void *)diag->place.file); /* our own copy */
	free(diag->text);
	free(diag->source_line);
	free(diag);
}

void
s53_diags_fini(struct s53_diags *diags)
{
	struct s53_diag *next;

	for (struct s53_diag *diag = diags->first; diag != NULL; diag = next) {
		next = diag->next;
		diag_free(diag);
	}
	s53_diags_init(diags);
}

static char *
line_copy(const char *source_line)
{
	size_t len = strcspn(source_line, "\r\n");

	return strndup(source_line, len < LINE_KEPT ? len : LINE_KEPT);
}

void
s53_diag_add(struct s53_diags *diags, enum s53_diag_kind kind, struct s53_place place,
    const char *source_line, const char *format, ...)
{
	struct s53_diag *diag = calloc(1, sizeof(*diag));
	va_list arguments;
	int len;

	if (kind == S53_DIAG_ERROR)
		diags->error_count++;
	else if (kind == S53_DIAG_WARNING)
		diags->warning_count++;
	if (diag == NULL)
		return;
	diag->kind = kind;
	diag->place = place;
	if (place.file != NULL)
		diag->place.file = strdup(place.file);
	if (source_line != NULL)
		diag->source_line = line_copy(source_line);
	va_start(arguments, format);
	len = vasprintf(&diag->text, format, arguments);
	va_end(arguments);
	if (len < 0)
		diag->text = NULL; /* left undefined by vasprintf */
	*diags->last = diag;
	diags->last = &diag->next;
}

char *
s53_diag_elide(const char *format)
{
	static const char stand_in[] = "...";
	static const char reason[] =
	    " (the text is not shown, since not every user may read this file)";
	/* A conversion has two octets or more. */
	char *text = malloc(2 * strlen(format) + sizeof(reason)), *out = text;

	while (text != NULL && *format != '\0') {
		if (*format != '%') {
			*out++ = *format++;
			continue;
		}
		format++;
		format += strspn(format, "-+ #0123456789.*hlLqjzt"); /* flags, width, length */
		out = *format == '%' ? stpcpy(out, "%") : stpcpy(out, stand_in);
		if (*format != '\0')
			format++;
	}
	if (text != NULL)
		strcpy(out, reason);
	return text;
}

/* Text of a file may hold anything; a terminal gets no control characters from it. */
static void
print_tame(const char *text, size_t len, FILE *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char octet = (unsigned char)text[i];

		fputc((octet < 0x20 && octet != '\t') || octet == 0x7f ? '?' : octet, out);
	}
}

static void
print_source(const struct s53_diag *diag, FILE *out)
{
	const char *line = diag->source_line;
	size_t len = strlen(line);
	size_t at = diag->place.column > 0 ? diag->place.column - 1 : 0;
	size_t start = 0;

	if (at > len)
		at = len; /* the end of the line, or a column beyond what was kept */
	if (len > LINE_SHOWN && at > BEFORE_CARET)
		start = at - BEFORE_CARET;
	while (start > 0 && ((unsigned char)line[start] & 0xc0) == 0x80)
		start--; /* not into the middle of a UTF-8 character */
	if (len - start > LINE_SHOWN)
		len = start + LINE_SHOWN;
	print_tame(line + start, len - start, out);
	fputc('\n', out);
	if (diag->place.column == 0)
		return;
	for (size_t i = start; i < at; i++) {
		if (line[i] == '\t')
			fputc('\t', out);
		else if (((unsigned char)line[i] & 0xc0) != 0x80)
			fputc(' ', out);
	}
	fputs("^\n", out);
}

static void
print_diag(const struct s53_diag *diag, FILE *out)
{
	static const char *const kinds[] = {
		[S53_DIAG_ERROR] = "error",
		[S53_DIAG_WARNING] = "warning",
		[S53_DIAG_NOTICE] = "notice",
	};
	const char *text = diag->text != NULL ? diag->text : "(no memory for the message)";

	if (diag->place.file != NULL)
		fprintf(out, "%s:", diag->place.file);
	if (diag->place.line > 0)
		fprintf(out, "%u:", diag->place.line);
	if (diag->place.line > 0 && diag->place.column > 0)
		fprintf(out, "%u:", diag->place.column);
	fprintf(out, "%s%s: ", diag->place.file != NULL || diag->place.line > 0 ? " " : "",
	    kinds[diag->kind]);
	print_tame(text, strlen(text), out);
	fputc('\n', out);
	if (diag->source_line != NULL && diag->place.line > 0)
		print_source(diag, out);
}

void
s53_diags_print(const struct s53_diags *diags, FILE *out)
{
	for (const struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next)
		print_diag(diag, out);
}
