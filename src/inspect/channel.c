/* SPDX-License-Identifier: ISC
 *
 * channel.c - --health: finds the control socket of the server with these options.
 */
#include <split53/inspect.h>
#include <split53/setup.h>

/* An error in the file may be newer than the running server, so it is not an error here. */
void
s53_inspect_channel(struct s53_options *options, char path[static S53_CHANNEL_PATH_MAX])
{
	struct s53_source *source = NULL;
	struct s53_diags diags;

	s53_diags_init(&diags);
	if (s53_source_load(options, &diags, &source) == S53_OK)
		s53_setup_channel_path(source, options, path);
	else
		s53_channel_path(options->port, path);
	s53_source_free(source);
	s53_diags_fini(&diags);
}
