/* SPDX-License-Identifier: ISC
 *
 * main.c - split53: does what the command line requests.
 */
#include <ares.h>
#include <event2/event.h>
#include <gnu/libc-version.h>
#include <json-c/json_c_version.h>
#include <ldns/ldns.h>
#include <nss.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include <split53/ctl.h>
#include <split53/daemon.h>
#include <split53/inspect.h>

/*
 * glibc loads its name service modules at run time, even into a static program, where those that
 * nsswitch.conf may name (systemd, ldap) crash. The files need no modules.
 */
static void
use_files_only(void)
{
#ifdef S53_STATIC
	static const char *const databases[] = { "passwd", "group", "initgroups", "services",
		"protocols", "hosts" };

	for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++)
		(void)__nss_configure_lookup(databases[i], "files");
#endif
}

static void
print_build(void)
{
	unsigned xxhash = XXH_versionNumber();

	puts("split53 " S53_VERSION);
#ifdef __clang__
	puts("built by: " __VERSION__);
#else
	puts("built by: gcc " __VERSION__);
#endif
	printf("c-ares: %s\n", ares_version(NULL));
	printf("ldns: %s\n", ldns_version());
	printf("libevent: %s\n", event_get_version());
	printf("xxhash: %u.%u.%u\n", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
	printf("json-c: %s\n", json_c_version());
	printf("OpenSSL: %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
	printf("C library: %s\n", gnu_get_libc_version());
	puts("default: no configuration file; pid-file /run/split53/split53.pid (in the "
	     "background); control socket " S53_CHANNEL_PATH);
}

static int
check_health(struct s53_options *options)
{
	char path[S53_CHANNEL_PATH_MAX];

	s53_inspect_channel(options, path);
	return s53_ctl_health(path);
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
	case S53_MODE_HEALTH:
		return check_health(options);
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

	use_files_only();
	if (s53_options_parse(&options, argc, argv) == S53_OK)
		code = run(&options);
	else
		fprintf(stderr, "split53: %s\n",
		    options.error[0] != '\0' ? options.error : "out of memory");
	s53_options_fini(&options);
	return code;
}
