/* SPDX-License-Identifier: ISC
 *
 * explain_fixture.h - the text of a named.conf as input, the output of --explain as result.
 */
#pragma once

#include <inspect/explain.h>

#include "unit/setup/setup_fixture.h"

/* The whole explanation of `text`, or that of `name`; the caller frees it. */
static inline char *
explain(struct fixture *f, const char *text, const char *name)
{
	struct s53_dry_run dry_run = { .options = &f->options };
	char *said = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&said, &len);

	assert_non_null(out);
	f->want_notes = true;
	build(f, text);
	dry_run.source = f->source;
	dry_run.snapshot = f->snapshot;
	f->options.explain_name = name;
	if (name != NULL)
		assert_true(s53_explain_name(&dry_run, out));
	else
		s53_explain_all(&dry_run, out);
	fclose(out);
	return said;
}

static inline void
check_says(struct fixture *f, const char *text, const char *name, const char *line)
{
	char *said = explain(f, text, name);

	if (strstr(said, line) == NULL)
		fail_msg("'%s' is not in\n%s", line, said);
	free(said);
}

static inline void
check_is_silent(struct fixture *f, const char *text, const char *part)
{
	char *said = explain(f, text, NULL);

	if (strstr(said, part) != NULL)
		fail_msg("'%s' is in\n%s", part, said);
	free(said);
}
