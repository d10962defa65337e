/* SPDX-License-Identifier: ISC
 *
 * load.c - from a file or a text to a checked tree.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "load.h"
#include "parser.h"

/* Parse and check what was read. */
static enum s53_status
finish(struct conf_parser *parser, const struct conf_source *source)
{
	conf_parser_run(parser, source);
	parser->conf->options = s53_conf_find(parser->conf->top, "options");
	if (!parser->out_of_memory && parser->sources.errors <= REPORT_MAX &&
	    !conf_check(parser->conf, &parser->sources))
		parser->out_of_memory = true;
	if (parser->out_of_memory)
		return S53_E_NOMEM;
	return parser->sources.errors == 0 ? S53_OK : S53_E_SYNTAX;
}

static enum s53_status
begin(struct conf_parser *parser, struct s53_diags *diags)
{
	if ((parser->conf = conf_new()) == NULL)
		return S53_E_NOMEM;
	conf_sources_init(&parser->sources, diags, &parser->conf->arena);
	return S53_OK;
}

static enum s53_status
hand_out(struct conf_parser *parser, enum s53_status status, struct s53_conf **out)
{
	conf_sources_fini(&parser->sources);
	if (status == S53_OK)
		*out = parser->conf;
	else
		s53_conf_free(parser->conf);
	return status;
}

enum s53_status
conf_load_below(const char *root, const char *path, struct s53_diags *diags, struct s53_conf **out)
{
	struct conf_parser parser = { .root = root, .files_allowed = true };
	struct conf_source *source;
	enum s53_status status = begin(&parser, diags);
	char *full = NULL;

	if (status != S53_OK)
		return status;
	if (asprintf(&full, "%s%s", root != NULL && path[0] == '/' ? root : "", path) < 0)
		return hand_out(&parser, S53_E_NOMEM, out);
	status = conf_source_read(&parser.sources, full, path, &source);
	free(full);
	if (status == S53_E_IO || status == S53_E_LIMIT) {
		struct s53_place nowhere = { .file = path };

		s53_diag_add(diags, S53_DIAG_ERROR, nowhere, NULL, "cannot read '%s': %s", path,
		    status != S53_E_IO       ? s53_status_text(status)
			: errno == ETIMEDOUT ? "no data came from it for 5 seconds"
					     : strerror(errno));
		status = S53_E_IO;
	}
	if (status == S53_OK)
		status = finish(&parser, source);
	return hand_out(&parser, status, out);
}

enum s53_status
s53_conf_load(const char *path, struct s53_diags *diags, struct s53_conf **out)
{
	return conf_load_below(NULL, path, diags, out);
}

enum s53_status
s53_conf_parse(
    const char *name, const char *text, size_t len, struct s53_diags *diags, struct s53_conf **out)
{
	struct conf_parser parser = { .files_allowed = false };
	struct conf_source *source;
	enum s53_status status = begin(&parser, diags);

	if (status != S53_OK)
		return status;
	status = conf_source_text(&parser.sources, name, text, len, &source);
	if (status == S53_OK)
		status = finish(&parser, source);
	return hand_out(&parser, status, out);
}
