/* SPDX-License-Identifier: ISC
 *
 * diag.c - messages about a file, kept in order and printed with the line and a caret.
 *
 * A configuration of ten thousand zones may cause the same warning ten thousand times. So warnings
 * are grouped when they are added: one of each text, with a count and its first positions. A hash
 * table of the texts makes that linear; S53_DIAG_LISTED_MAX bounds the memory when all texts are
 * different.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <split53/diag.h>
#include <split53/hash.h>

#define LINE_KEPT 4096 /* bytes of a source line that are copied */
#define LINE_SHOWN 160 /* bytes of it that are printed */
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
	free((void *)diag->place.file); /* our own copies */
	for (unsigned i = 0; i < S53_DIAG_PLACES - 1; i++)
		free((void *)diag->more[i].file);
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
	free(diags->slots);
	s53_diags_init(diags);
}

static char *
line_copy(const char *source_line)
{
	size_t len = strcspn(source_line, "\r\n");

	return strndup(source_line, len < LINE_KEPT ? len : LINE_KEPT);
}

/* The slot of a warning with that text, or the free one for it. */
static struct s53_diag **
slot_of(const struct s53_diags *diags, enum s53_diag_class class, const char *text)
{
	unsigned at = (unsigned)(s53_hash(text, strlen(text)) + class);

	for (;; at++) {
		struct s53_diag **slot = &diags->slots[at & (diags->slot_count - 1)];

		if (*slot == NULL || ((*slot)->class == class && strcmp((*slot)->text, text) == 0))
			return slot;
	}
}

/* Make sure that the table has a slot for one more warning and stays half empty. */
static bool
slots_grow(struct s53_diags *diags)
{
	struct s53_diags wider = { .slot_count = diags->slot_count * 2 };

	if (2 * (diags->warning_count + 1) <= diags->slot_count)
		return true;
	if (wider.slot_count == 0)
		wider.slot_count = 16;
	if ((wider.slots = calloc(wider.slot_count, sizeof(struct s53_diag *))) == NULL)
		return false;
	for (struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next)
		if (diag->kind == S53_DIAG_WARNING && diag->text != NULL)
			*slot_of(&wider, diag->class, diag->text) = diag;
	free(diags->slots);
	diags->slots = wider.slots;
	diags->slot_count = wider.slot_count;
	return true;
}

static void
copy_place(struct s53_place *out, struct s53_place place)
{
	*out = place;
	if (place.file != NULL)
		out->file = strdup(place.file);
}

/* Count the warning in an earlier one with the same text. false: there is none. */
static bool
count_again(
    struct s53_diags *diags, enum s53_diag_class class, struct s53_place place, const char *text)
{
	struct s53_diag *diag = diags->slot_count > 0 ? *slot_of(diags, class, text) : NULL;

	if (diag == NULL)
		return false;
	if (diag->count < S53_DIAG_PLACES)
		copy_place(&diag->more[diag->count - 1], place);
	diag->count++;
	return true;
}

/* Takes ownership of `text`, which may be NULL: no memory. */
static struct s53_diag *
add(struct s53_diags *diags, const struct s53_diag *about, const char *source_line, char *text)
{
	struct s53_diag *diag = calloc(1, sizeof(*diag));

	if (diag == NULL) {
		free(text);
		return NULL;
	}
	*diag = *about;
	diag->count = 1;
	copy_place(&diag->place, about->place);
	if (source_line != NULL)
		diag->source_line = line_copy(source_line);
	diag->text = text;
	*diags->last = diag;
	diags->last = &diag->next;
	return diag;
}

/* Takes ownership of `text`. */
static void
warn(struct s53_diags *diags, const struct s53_diag *about, const char *source_line, char *text)
{
	struct s53_diag *diag;

	if (text != NULL && count_again(diags, about->class, about->place, text)) {
		free(text);
		return;
	}
	if (diags->listed[about->class] == S53_DIAG_LISTED_MAX) {
		diags->unlisted[about->class]++;
		free(text);
		return;
	}
	if (!slots_grow(diags)) {
		free(text);
		text = NULL;
	}
	diag = add(diags, about, source_line, text);
	diags->warning_count++;
	diags->listed[about->class]++;
	if (diag != NULL && diag->text != NULL)
		*slot_of(diags, about->class, diag->text) = diag;
}

void
s53_diag_add(struct s53_diags *diags, enum s53_diag_kind kind, struct s53_place place,
    const char *source_line, const char *format, ...)
{
	const struct s53_diag about = { .kind = kind, .class = S53_DIAG_PLAIN, .place = place };
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL; /* undefined after vasprintf() failed */
	va_end(arguments);
	if (kind == S53_DIAG_WARNING) {
		warn(diags, &about, source_line, text);
		return;
	}
	if (kind == S53_DIAG_ERROR)
		diags->error_count++;
	(void)add(diags, &about, source_line, text);
}

void
s53_diag_warn(struct s53_diags *diags, enum s53_diag_class class, struct s53_place place,
    const char *source_line, const char *format, ...)
{
	const struct s53_diag about = { .kind = S53_DIAG_WARNING, .class = class, .place = place };
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	warn(diags, &about, source_line, text);
}

char *
s53_diag_elide(const char *format)
{
	static const char ellipsis[] = "...";
	static const char reason[] =
	    " (the line is not shown, because not every user may read this file)";
	/* A conversion has two bytes or more. */
	char *text = malloc(2 * strlen(format) + sizeof(reason)), *out = text;

	while (text != NULL && *format != '\0') {
		if (*format != '%') {
			*out++ = *format++;
			continue;
		}
		format++;
		format += strspn(format, "-+ #0123456789.*hlLqjzt"); /* flags, width, length */
		out = *format == '%' ? stpcpy(out, "%") : stpcpy(out, ellipsis);
		if (*format != '\0')
			format++;
	}
	if (text != NULL)
		strcpy(out, reason);
	return text;
}

/* A file may contain anything; no control characters of it must reach a terminal. */
static void
print_printable(const char *text, size_t len, FILE *out)
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
		at = len; /* the end of the line, or a column beyond what was copied */
	if (len > LINE_SHOWN && at > BEFORE_CARET)
		start = at - BEFORE_CARET;
	while (start > 0 && ((unsigned char)line[start] & 0xc0) == 0x80)
		start--; /* do not begin in the middle of a UTF-8 character */
	if (len - start > LINE_SHOWN)
		len = start + LINE_SHOWN;
	print_printable(line + start, len - start, out);
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
	char more[S53_DIAG_MORE];

	if (diag->place.file != NULL)
		fprintf(out, "%s:", diag->place.file);
	if (diag->place.line > 0)
		fprintf(out, "%u:", diag->place.line);
	if (diag->place.line > 0 && diag->place.column > 0)
		fprintf(out, "%u:", diag->place.column);
	fprintf(out, "%s%s: ", diag->place.file != NULL || diag->place.line > 0 ? " " : "",
	    kinds[diag->kind]);
	print_printable(text, strlen(text), out);
	s53_diag_more(diag, more);
	print_printable(more, strlen(more), out);
	fputc('\n', out);
	if (diag->source_line != NULL && diag->place.line > 0)
		print_source(diag, out);
}

/* The first positions besides the one that the message begins with. */
static void
add_places(const struct s53_diag *diag, FILE *out)
{
	const char *before = ": also ";

	for (unsigned i = 0; i + 1 < diag->count && i < S53_DIAG_PLACES - 1; i++) {
		if (diag->more[i].file == NULL)
			continue;
		fprintf(out, "%s%s", before, diag->more[i].file);
		if (diag->more[i].line > 0)
			fprintf(out, ":%u", diag->more[i].line);
		before = ", ";
	}
	if (diag->count > S53_DIAG_PLACES)
		fputs(" ...", out);
}

const char *
s53_diag_more(const struct s53_diag *diag, char text[static S53_DIAG_MORE])
{
	FILE *out;

	text[0] = '\0';
	if (diag->count < 2 || (out = fmemopen(text, S53_DIAG_MORE, "w")) == NULL)
		return text;
	fprintf(out, " (%u times", diag->count);
	add_places(diag, out);
	fputc(')', out);
	fclose(out);
	text[S53_DIAG_MORE - 1] = '\0';
	return text;
}

static void
print_class(const struct s53_diags *diags, enum s53_diag_class class, FILE *out)
{
	if (diags->listed[class] == 0)
		return;
	for (const struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next)
		if (diag->kind == S53_DIAG_WARNING && diag->class == class)
			print_diag(diag, out);
	if (diags->unlisted[class] > 0)
		fprintf(out, "warning: %u more warnings of this kind are not listed\n",
		    diags->unlisted[class]);
}

void
s53_diags_print(const struct s53_diags *diags, FILE *out)
{
	for (const struct s53_diag *diag = diags->first; diag != NULL; diag = diag->next)
		if (diag->kind != S53_DIAG_WARNING)
			print_diag(diag, out);
	for (unsigned class = 0; class < S53_DIAG_CLASS_COUNT; class ++)
		print_class(diags, (enum s53_diag_class) class, out);
}
