/* SPDX-License-Identifier: ISC
 *
 * zonefile.c - see zonefile.h.
 *
 * entry.c cuts entries; directives are processed here, records in record.c.
 */
#include "zonefile.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/file.h>

#include "loading.h"

#define INCLUDE_DEPTH 10 /* nesting of included files */
#define INCLUDES_MAX 10000 /* of one zone: each file could include the next one twice */
#define ERRORS_MAX 30 /* of one zone; a file of another kind has many */
#define FILE_MAX (1024L * 1024 * 1024)

static enum s53_status read_source(
    struct loading *load, struct source *source, const struct zonefile_text *text);

void
loading_say(struct loading *load, const struct source *source, enum s53_diag_kind kind,
    const char *format, ...)
{
	struct s53_place place = { source->name, source->entry.line, 0 };
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (source->is_private)
		text = s53_diag_elide(format);
	else if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (kind == S53_DIAG_ERROR)
		load->errors++;
	s53_diag_add(load->diags, kind, place, source->is_private ? NULL : source->entry.source,
	    "%s", text == NULL ? "no memory for a message" : text);
	free(text);
}

static void
directive_origin(struct loading *load, struct source *source, char *rest)
{
	const char *word = entry_word(&rest, false);

	if (word == NULL || !field_name(word, &source->origin, &source->origin) ||
	    entry_word(&rest, false) != NULL)
		loading_say(load, source, S53_DIAG_ERROR, "$ORIGIN needs one domain name");
}

static void
directive_ttl(struct loading *load, struct source *source, char *rest)
{
	const char *word = entry_word(&rest, false);
	bool large = false;

	if (word == NULL || !field_ttl(word, &load->ttl, &large) ||
	    entry_word(&rest, false) != NULL) {
		loading_say(
		    load, source, S53_DIAG_ERROR, "$TTL needs one time, such as 3600 or 1h");
		return;
	}
	if (large)
		loading_say(
		    load, source, S53_DIAG_WARNING, "$TTL is over %u, 0 is used", S53_TTL_MAX);
	load->has_ttl = load->has_default_ttl = true;
}

enum s53_status
zonefile_slurp(const char *path, struct zonefile_text *out)
{
	enum s53_status status;
	char *octets = NULL;
	struct stat about;
	ssize_t got = 0;
	size_t size, len = 0;
	int fd = -1;

	if ((status = s53_file_open_read(path, &fd, &about)) != S53_OK)
		return status;
	if (about.st_size > FILE_MAX) {
		errno = EFBIG;
		status = S53_E_IO;
		goto done;
	}
	size = (size_t)about.st_size;
	status = S53_E_NOMEM;
	if ((octets = malloc(size + 1)) == NULL)
		goto done;
	while (len < size && (got = read(fd, octets + len, size - len)) > 0)
		len += (size_t)got;
	status = got < 0 ? S53_E_IO : S53_OK;
	if (status != S53_OK)
		goto done;
	octets[len] = '\0'; /* a message quotes the line up to its end */
	*out = (struct zonefile_text){ .name = path,
		.octets = octets,
		.len = len,
		.is_private = !s53_file_is_public(&about),
		.device = about.st_dev,
		.inode = about.st_ino };
	octets = NULL;
done:
	free(octets);
	close(fd);
	return status;
}

/*
 * The path of an included file, to be freed; NULL: no memory. As in BIND, a relative path is
 * relative to the working directory. If there is no such file, the directory of the including file
 * is tried.
 */
static char *
include_path(const struct source *source, const char *path)
{
	char *folder, *joined = NULL;

	if (path[0] == '/' || access(path, F_OK) == 0)
		return strdup(path);
	if ((folder = strdup(source->name)) == NULL)
		return NULL;
	if (asprintf(&joined, "%s/%s", dirname(folder), path) < 0)
		joined = NULL;
	free(folder);
	return joined;
}

/* Is the file one of those that are being read? */
static bool
is_open(const struct source *source, const struct zonefile_text *text)
{
	while (source != NULL && !(source->inode == text->inode && source->device == text->device))
		source = source->parent;
	return source != NULL;
}

/* RFC 1035 s5.1: after the include, origin and last owner are restored. */
static enum s53_status
include_read(struct loading *load, const struct source *source, const char *word,
    const struct s53_name *origin)
{
	struct source inner = { .parent = source,
		.depth = source->depth + 1,
		.origin = *origin,
		.owner = source->owner };
	char *path = include_path(source, word), why[S53_FILE_WHY];
	struct zonefile_text text = { .octets = NULL };
	enum s53_status status;

	if (path == NULL)
		return S53_E_NOMEM;
	status = zonefile_slurp(path, &text);
	load->include_octets += text.len;
	if (status == S53_OK && is_open(source, &text)) {
		loading_say(load, source, S53_DIAG_ERROR, "'%s' includes itself", path);
	} else if (load->include_octets > FILE_MAX) {
		loading_say(load, source, S53_DIAG_ERROR,
		    "the included files have more than %ld bytes together", FILE_MAX);
	} else if (status == S53_OK) {
		status = read_source(load, &inner, &text);
	} else if (status == S53_E_IO) {
		loading_say(load, source, S53_DIAG_ERROR, "cannot read '%s': %s", path,
		    s53_file_why(path, errno, why));
		status = S53_OK;
	}
	free(text.octets);
	free(path);
	return status;
}

static enum s53_status
directive_include(struct loading *load, const struct source *source, char *rest)
{
	const char *path = entry_word(&rest, true), *word = entry_word(&rest, false);
	struct s53_name origin = source->origin;

	if (path == NULL)
		loading_say(load, source, S53_DIAG_ERROR, "$INCLUDE needs a file");
	else if (word != NULL && !field_name(word, &source->origin, &origin))
		loading_say(load, source, S53_DIAG_ERROR, "'%s' is not a domain name", word);
	else if (!load->may_include)
		loading_say(load, source, S53_DIAG_ERROR, "$INCLUDE is not allowed here");
	else if (source->depth == INCLUDE_DEPTH)
		loading_say(load, source, S53_DIAG_ERROR, "$INCLUDE is nested more than %d deep",
		    INCLUDE_DEPTH);
	else if (load->include_count++ >= INCLUDES_MAX)
		loading_say(
		    load, source, S53_DIAG_ERROR, "more than %d files are included", INCLUDES_MAX);
	else
		return include_read(load, source, path, &origin);
	return S53_OK;
}

/* *ours: it was a directive. */
static enum s53_status
read_directive(struct loading *load, struct source *source, bool *ours)
{
	char *rest = source->entry.text, *word;

	*ours = rest[0] == '$';
	if (!*ours)
		return S53_OK;
	word = entry_word(&rest, false);
	if (strcasecmp(word, "$ORIGIN") == 0)
		directive_origin(load, source, rest);
	else if (strcasecmp(word, "$TTL") == 0)
		directive_ttl(load, source, rest);
	else if (strcasecmp(word, "$INCLUDE") == 0)
		return directive_include(load, source, rest);
	else if (strcasecmp(word, "$GENERATE") == 0)
		loading_say(load, source, S53_DIAG_ERROR,
		    "$GENERATE is not supported: write its records out, e.g. with "
		    "'named-checkzone -D'");
	else
		loading_say(load, source, S53_DIAG_ERROR, "unknown directive '%s'", word);
	return S53_OK;
}

static enum s53_status
read_source(struct loading *load, struct source *source, const struct zonefile_text *text)
{
	enum s53_status status = entry_reader_init(&source->entries, text->octets, text->len);
	bool directive;

	source->name = text->name;
	source->is_private = text->is_private;
	source->device = text->device;
	source->inode = text->inode;
	if (status != S53_OK)
		return status;
	while (status == S53_OK && load->errors < ERRORS_MAX &&
	    entry_reader_next(&source->entries, &source->entry)) {
		if (source->entry.problem != NULL) {
			loading_say(load, source, S53_DIAG_ERROR, "%s", source->entry.problem);
			continue;
		}
		status = read_directive(load, source, &directive);
		if (status == S53_OK && !directive)
			status = loading_record(load, source);
	}
	entry_reader_fini(&source->entries);
	return status;
}

enum s53_status
zonefile_read(struct s53_zone *zone, const struct zonefile_text *text, bool may_include,
    struct s53_diags *diags)
{
	struct loading load = { .zone = zone, .diags = diags, .may_include = may_include };
	struct source source = { .origin = zone->apex };
	enum s53_status status;

	if ((load.message = malloc(S53_MESSAGE_MAX)) == NULL)
		return S53_E_NOMEM;
	status = read_source(&load, &source, text);
	if (load.errors >= ERRORS_MAX)
		loading_say(
		    &load, &source, S53_DIAG_ERROR, "too many errors: the rest is not read");
	free(load.message);
	return status;
}
