/* SPDX-License-Identifier: ISC
 *
 * main.c - split53: what the command line asks for.
 */
#include <event2/event.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>

#include <split53/daemon.h>
#include <split53/inspect.h>

static void
print_build(void)
{
	puts("split53 " S53_VERSION);
	printf("built by: %s\n", __VERSION__);
	printf("libevent: %s\n", event_get_version());
	printf("C library: %s\n", gnu_get_libc_version());
	puts("default: no configuration file; pid-file /run/split53/split53.pid (in the "
	     "background)");
}

static int
run(struct s53_options *options)
{
	switch (options->mode) {
	case S53_MODE_HELP:
		fputs(s53_options_help, stdout);
		return EXIT_SUCCESS;
	case S53_MODE_VERSION:
		puts("split53 " S53_VERSION);
		return EXIT_SUCCESS;
	case S53_MODE_BUILD:
		print_build();
		return EXIT_SUCCESS;
	case S53_MODE_CHECK:
		return s53_check_run(options);
	case S53_MODE_EXPLAIN:
		return s53_explain_run(options);
	case S53_MODE_SERVE:
		break;
	}
	return s53_daemon_run(options);
}

int
main(int argc, char *argv[])
{
	struct s53_options options;
	int code = EXIT_FAILURE;

	if (s53_options_parse(&options, argc, argv) == S53_OK)
		code = run(&options);
	else
		fprintf(stderr, "split53: %s\n",
		    options.error[0] != '\0' ? options.error : "out of memory");
	s53_options_fini(&options);
	return code;
}
