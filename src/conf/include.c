/* SPDX-License-Identifier: ISC
 *
 * include.c - included files.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/file.h>

#include "parser.h"

static bool
is_open(const struct conf_parser *parser, const struct conf_source *source)
{
	for (unsigned i = 0; i < parser->open_file_count; i++)
		if (parser->open_files[i]->inode != 0 &&
		    parser->open_files[i]->inode == source->inode &&
		    parser->open_files[i]->device == source->device)
			return true;
	return false;
}

/* Read one file into the block; `path` begins with the root, `place` is the include's. */
static void
include_file(
    struct conf_parser *parser, struct conf_frame *frame, const char *path, struct s53_place place)
{
	const char *name = path + (parser->root != NULL ? strlen(parser->root) : 0);
	const struct conf_frame *floor = parser->floor;
	struct conf_lexer lexer = parser->lexer;
	struct conf_token token = parser->token;
	struct conf_source *source;
	char why[S53_FILE_WHY];
	enum s53_status status;

	if (parser->open_file_count == INCLUDES_MAX || ++parser->file_count > FILES_MAX) {
		conf_error(parser, place, "'%s' is not read: includes are nested too deeply", name);
		return;
	}
	status = conf_source_read(&parser->sources, path, name, &source);
	if (status != S53_OK) {
		parser->sources.incomplete = true;
		conf_error(parser, place, "cannot read '%s': %s", name,
		    status == S53_E_IO ? s53_file_why(path, errno, why) : s53_status_text(status));
		return;
	}
	if (is_open(parser, source)) {
		conf_error(parser, place, "'%s' includes itself", name);
		return;
	}
	parser->open_files[parser->open_file_count++] = source;
	parser->floor = frame;
	conf_lexer_init(&parser->lexer, &parser->sources, &parser->conf->arena, source);
	conf_advance(parser);
	(void)conf_statements(parser, frame);
	parser->open_file_count--;
	parser->floor = floor;
	parser->lexer = lexer;
	parser->token = token;
	if (parser->out_of_memory)
		parser->token.kind = TOKEN_END;
}

static char *
full_path(const struct conf_parser *parser, const char *path)
{
	const char *root = parser->root != NULL ? parser->root : "";
	const char *directory =
	    path[0] != '/' && parser->directory != NULL ? parser->directory : "";
	char *full = NULL;

	if (path[0] != '/' && directory[0] != '/')
		root = ""; /* relative to the working directory */
	if (asprintf(&full, "%s%s%s%s", root, directory, directory[0] != '\0' ? "/" : "", path) < 0)
		return NULL;
	return full;
}

static void
include_glob(
    struct conf_parser *parser, struct conf_frame *frame, const char *path, struct s53_place place)
{
	const char *root = parser->root;
	glob_t found;
	int result = glob(path, GLOB_ERR, NULL, &found); /* sorted */

	if (result == GLOB_NOMATCH) {
		conf_report(&parser->sources, S53_DIAG_WARNING, place, "no file matches '%s'",
		    path + (root != NULL ? strlen(root) : 0));
		return;
	}
	if (result == GLOB_NOSPACE) {
		parser->out_of_memory = true;
		return;
	}
	if (result != 0) {
		parser->sources.incomplete = true;
		conf_error(parser, place, "cannot look for '%s': %s", path, strerror(errno));
		return;
	}
	for (size_t i = 0; i < found.gl_pathc && !parser->out_of_memory; i++)
		include_file(parser, frame, found.gl_pathv[i], place);
	globfree(&found);
}

void
conf_include(struct conf_parser *parser, struct conf_frame *frame)
{
	struct s53_place place;
	char shown[CONF_QUOTED], *path;
	const char *text;

	conf_advance(parser);
	place = parser->token.place;
	if (!conf_token_is_text(parser) || parser->token.text[0] == '\0') {
		conf_error(parser, place, "'include' must be followed by a file name, not by %s",
		    conf_token_text(parser, shown));
		conf_skip(parser);
		return;
	}
	text = parser->token.text;
	conf_advance(parser);
	conf_semicolon(parser, frame->place, "include");
	if (parser->out_of_memory)
		return;
	if (!parser->files_allowed) {
		conf_error(parser, place, "'include' is valid in files only");
		parser->sources.incomplete = true;
		return;
	}
	if ((path = full_path(parser, text)) == NULL) {
		parser->out_of_memory = true;
		parser->token.kind = TOKEN_END;
		return;
	}
	if (strpbrk(text, "*?[") != NULL)
		include_glob(parser, frame, path, place);
	else
		include_file(parser, frame, path, place);
	free(path);
	if (parser->out_of_memory)
		parser->token.kind = TOKEN_END;
}
