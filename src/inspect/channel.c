/* SPDX-License-Identifier: ISC
 *
 * channel.c - --health: which socket the server of a command line has.
 */
#include <split53/inspect.h>
#include <split53/setup.h>

/* A file with an error may have got it after the server has read it: it may serve all the same. */
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
