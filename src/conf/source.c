/* SPDX-License-Identifier: ISC
 *
 * source.c - the texts that are being read, and messages about them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/file.h>

#include "source.h"

#define CHUNK ((size_t)1 << 16)
#define LINE_SHOWN 4096 /* bytes of a source line that a message has */

void
conf_sources_init(struct conf_sources *sources, struct s53_diags *diags, struct s53_arena *names)
{
	memset(sources, 0, sizeof(*sources));
	sources->diags = diags;
	sources->names = names;
}

static void
source_free(struct conf_source *source)
{
	if (source == NULL)
		return;
	free(source->text);
	free(source->lines);
	free(source);
}

void
conf_sources_fini(struct conf_sources *sources)
{
	struct conf_source *next;

	for (struct conf_source *source = sources->first; source != NULL; source = next) {
		next = source->next;
		source_free(source);
	}
	sources->first = NULL;
}

static struct conf_source *
source_new(struct conf_sources *sources, const char *name, size_t room)
{
	struct conf_source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		return NULL;
	source->name = s53_arena_strdup(sources->names, name);
	source->text = malloc(room + 1);
	if (source->name == NULL || source->text == NULL) {
		source_free(source);
		return NULL;
	}
	return source;
}

static void
source_add(struct conf_sources *sources, struct conf_source *source)
{
	source->text[source->len] = '\0'; /* so that reading one byte ahead is always allowed */
	source->next = sources->first;
	sources->first = source;
}

enum s53_status
conf_source_text(struct conf_sources *sources, const char *name, const char *text, size_t len,
    struct conf_source **out)
{
	struct conf_source *source = source_new(sources, name, len);

	if (source == NULL)
		return S53_E_NOMEM;
	if (len > 0)
		memcpy(source->text, text, len);
	source->len = len;
	source_add(sources, source);
	*out = source;
	return S53_OK;
}

/*
 * read(), which waits PIPE_WAIT_MS at most. A FIFO that no process has opened for writing yet
 * reads as empty, but is not ready.
 */
static ssize_t
read_ready(int fd, char *out, size_t room)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int count = poll(&ready, 1, PIPE_WAIT_MS);

	if (count == 0)
		errno = ETIMEDOUT;
	return count == 1 ? read(fd, out, room) : -1;
}

/* Read until the end of `fd`, which may be a pipe or device of unknown size. */
static enum s53_status
source_fill(struct conf_source *source, int fd, size_t room)
{
	for (;;) {
		ssize_t count;

		if (source->len == room) {
			char *wider;

			if (room >= SOURCE_SIZE_MAX)
				return S53_E_LIMIT;
			room *= 2;
			if ((wider = realloc(source->text, room + 1)) == NULL)
				return S53_E_NOMEM;
			source->text = wider;
		}
		count = read_ready(fd, source->text + source->len, room - source->len);
		if (count < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (count < 0)
			return S53_E_IO;
		if (count == 0)
			return S53_OK;
		source->len += (size_t)count;
	}
}

/* The operator chose the first file: anything that can be read is accepted. */
static enum s53_status
open_first(const char *path, int *out, struct stat *about)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return S53_E_IO;
	if (fstat(fd, about) != 0 || S_ISDIR(about->st_mode)) {
		close(fd);
		errno = EISDIR;
		return S53_E_IO;
	}
	*out = fd;
	return S53_OK;
}

enum s53_status
conf_source_read(
    struct conf_sources *sources, const char *path, const char *name, struct conf_source **out)
{
	bool is_first = sources->first == NULL;
	struct conf_source *source = NULL;
	enum s53_status status;
	struct stat about;
	int saved, fd = -1;

	status = is_first ? open_first(path, &fd, &about) : s53_file_open_read(path, &fd, &about);
	if (status != S53_OK)
		return status;
	status = S53_E_NOMEM;
	if ((source = source_new(sources, name, CHUNK)) == NULL)
		goto done;
	source->device = about.st_dev;
	source->inode = about.st_ino;
	source->is_private = !is_first && !s53_file_is_public(&about);
	if ((status = source_fill(source, fd, CHUNK)) != S53_OK)
		goto done;
	source_add(sources, source);
	*out = source;
	source = NULL;
done:
	saved = errno;
	close(fd);
	source_free(source);
	errno = saved;
	return status;
}

static bool
lines_index(struct conf_source *source)
{
	size_t count = 1, at = 0;

	if (source->lines != NULL)
		return true;
	for (size_t i = 0; i < source->len; i++)
		count += source->text[i] == '\n';
	if ((source->lines = calloc(count, sizeof(*source->lines))) == NULL)
		return false;
	source->line_count = count;
	for (size_t i = 0; i < source->len; i++)
		if (source->text[i] == '\n')
			source->lines[++at] = i + 1;
	return true;
}

static struct conf_source *
source_of(const struct conf_sources *sources, struct s53_place place)
{
	struct conf_source *source = sources->first;

	while (source != NULL && source->name != place.file)
		source = source->next;
	return source;
}

/* A copy of the line at `place`, for a message; false: it must or need not be shown. */
static bool
line_copy(struct conf_source *source, struct s53_place place, char line[static LINE_SHOWN])
{
	size_t start, len = 0;

	if (source == NULL || source->is_private || place.line == 0 || place.column >= LINE_SHOWN)
		return false;
	if (!lines_index(source) || place.line > source->line_count)
		return false;
	start = source->lines[place.line - 1];
	while (len < LINE_SHOWN - 1 && start + len < source->len &&
	    source->text[start + len] != '\n' && source->text[start + len] != '\r') {
		char octet = source->text[start + len];

		line[len++] = octet == '\0' ? '?' : octet;
	}
	line[len] = '\0';
	return true;
}

/* The message; without its arguments if the source is private. The caller frees it. */
S53_PRINTF(2, 0)
static char *
message(const struct conf_source *source, const char *format, va_list arguments)
{
	char *text = NULL;

	if (source != NULL && source->is_private)
		text = s53_diag_elide(format);
	else if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	return text;
}

static const char no_memory[] = "(no memory to say what is wrong)";

void
conf_vreport(struct conf_sources *sources, enum s53_diag_kind kind, struct s53_place place,
    const char *format, va_list arguments)
{
	struct conf_source *source = source_of(sources, place);
	char line[LINE_SHOWN];
	char *text;

	if (kind == S53_DIAG_ERROR && ++sources->errors > REPORT_MAX) {
		if (sources->errors == REPORT_MAX + 1)
			s53_diag_add(sources->diags, kind, place, NULL,
			    "too many errors: the rest of the file is not read");
		return;
	}
	text = message(source, format, arguments);
	s53_diag_add(sources->diags, kind, place, line_copy(source, place, line) ? line : NULL,
	    "%s", text != NULL ? text : no_memory);
	free(text);
}

void
conf_warn(struct conf_sources *sources, enum s53_conf_level level, struct s53_place place,
    const char *what, const char *format, ...)
{
	static const enum s53_diag_class classes[S53_CONF_LEVEL_COUNT] = {
		[S53_CONF_IGNORED_HARMLESS] = S53_DIAG_HARMLESS,
		[S53_CONF_IGNORED_DIFFERENT] = S53_DIAG_DIFFERS,
		[S53_CONF_IGNORED_SECURITY] = S53_DIAG_SECURITY,
	};
	struct conf_source *source = source_of(sources, place);
	bool is_private = source != NULL && source->is_private;
	char line[LINE_SHOWN];
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = message(source, format, arguments);
	va_end(arguments);
	s53_diag_warn(sources->diags, classes[level], place,
	    line_copy(source, place, line) ? line : NULL, "'%s' [%s]: %s",
	    is_private ? "..." : what, s53_conf_level_text(level), text != NULL ? text : no_memory);
	free(text);
}

void
conf_report(struct conf_sources *sources, enum s53_diag_kind kind, struct s53_place place,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	conf_vreport(sources, kind, place, format, arguments);
	va_end(arguments);
}

const char *
conf_show(const char *text, char shown[static CONF_SHOWN])
{
	size_t len = strnlen(text, CONF_SHOWN);
	size_t keep = len < CONF_SHOWN ? len : CONF_SHOWN - 4;

	for (size_t i = 0; i < keep; i++) {
		unsigned char octet = (unsigned char)text[i];

		shown[i] = octet < 0x20 || octet == 0x7f ? '?' : text[i];
	}
	if (keep < len)
		memcpy(shown + keep, "...", 4);
	else
		shown[keep] = '\0';
	return shown;
}
