/* SPDX-License-Identifier: ISC
 *
 * check.c - --check, like named-checkconf -z. The configuration is built as for serving, with
 * its zone files, but no socket is opened and no query is sent.
 */
#include <stdio.h>
#include <stdlib.h>

#include <split53/inspect.h>

#include "explain.h"

int
s53_check_run(struct s53_options *options)
{
	struct s53_dry_run dry_run;
	enum s53_status status = s53_dry_run(options, &dry_run);
	bool is_fine;

	is_fine = status == S53_OK && dry_run.diags.error_count == 0; /* includes zone files */
	if (s53_options_unused_file(options) != NULL)
		fprintf(stderr,
		    "split53: no file given: checking the built-in configuration, not %s\n",
		    s53_options_unused_file(options));
	s53_diags_print(&dry_run.diags, stderr);
	if (status == S53_E_NOMEM)
		fputs("split53: out of memory\n", stderr);
	if (options->print_canonical && status == S53_OK) {
		if (dry_run.source->file != NULL)
			s53_conf_print(dry_run.source->file, stdout);
		if (dry_run.source->flags != NULL)
			s53_conf_print(dry_run.source->flags, stdout);
	}
	s53_dry_run_fini(&dry_run);
	return is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
