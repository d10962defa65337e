/* SPDX-License-Identifier: ISC
 *
 * check.c - --check: what named-checkconf -z does. The configuration is built as for serving,
 * zone files and all, but no socket is opened and no name resolved.
 */
#include <stdio.h>
#include <stdlib.h>

#include <split53/inspect.h>

#include "explain.h"

int
s53_check_run(struct s53_options *options)
{
	struct s53_dry_run rehearsal;
	enum s53_status status = s53_dry_run(options, &rehearsal);

	s53_diags_print(&rehearsal.diags, stderr);
	if (status == S53_E_NOMEM)
		fputs("split53: out of memory\n", stderr);
	if (options->print_canonical && status == S53_OK) {
		if (rehearsal.source->file != NULL)
			s53_conf_print(rehearsal.source->file, stdout);
		if (rehearsal.source->flags != NULL)
			s53_conf_print(rehearsal.source->flags, stdout);
	}
	s53_dry_run_fini(&rehearsal);
	return status == S53_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
