/* SPDX-License-Identifier: ISC
 *
 * options.c - reads the command line and the environment; options_text.c turns them into
 * named.conf text.
 */
#include <split53/options.h>

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum long_flag {
	FLAG_CHECK = 256,
	FLAG_EXPLAIN,
	FLAG_HEALTH,
	FLAG_LISTEN,
	FLAG_CONSUL,
	FLAG_FORWARDER,
	FLAG_ZONE,
	FLAG_HELP,
};

static const struct option long_flags[] = {
	{ "check", no_argument, NULL, FLAG_CHECK },
	{ "explain", no_argument, NULL, FLAG_EXPLAIN },
	{ "health", no_argument, NULL, FLAG_HEALTH },
	{ "listen", required_argument, NULL, FLAG_LISTEN },
	{ "consul", required_argument, NULL, FLAG_CONSUL },
	{ "forwarder", required_argument, NULL, FLAG_FORWARDER },
	{ "forwarders", required_argument, NULL, FLAG_FORWARDER },
	{ "zone", required_argument, NULL, FLAG_ZONE },
	{ "help", no_argument, NULL, FLAG_HELP },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

/*
 * The second line: flags of named that tune BIND's internals; they are accepted without
 * effect, so that existing start scripts work.
 */
static const char serve_flags[] = ":46c:d:fgL:n:p:t:u:vV"
				  "A:D:E:FM:N:S:T:U:X:m:sx:";
static const char check_flags[] = ":46c:pt:vV"
				  "achijklxz";

const char s53_options_help[] =
    "usage: split53 [-4 | -6] [-c FILE] [-d LEVEL] [-f | -g] [-L LOGFILE]\n"
    "               [-n WORKERS] [-p PORT] [-t CHROOT] [-u USER] [--listen ADDR[:PORT]]\n"
    "               [--consul ADDR[:PORT] | none] [--forwarder ADDR[:PORT]]...\n"
    "               [--zone NAME=ADDR[:PORT][,ADDR...]]...\n"
    "       split53 --check [-p] [FILE]         check a configuration; -p prints it\n"
    "       split53 --explain [NAME [CLIENT]]   show what it does, or does with one query\n"
    "       split53 --health [-c FILE] [-p PORT]   exit code 0: the server responds\n"
    "       split53 -v | -V | --help\n"
    "\n"
    "A configuration file is read only if -c names it. Without one, split53 listens\n"
    "on the loopback addresses, forwards consul to 127.0.0.1:8600 and all other names\n"
    "to the nameservers of /etc/resolv.conf.\n"
    "Variables: SPLIT53_CONFIG SPLIT53_LISTEN SPLIT53_CONSUL SPLIT53_FORWARDER\n"
    "SPLIT53_ZONE SPLIT53_PORT SPLIT53_WORKERS SPLIT53_USER. See split53(8).\n";

static enum s53_status wrong(struct s53_options *options, const char *format, ...) S53_PRINTF(2, 3);

static enum s53_status
wrong(struct s53_options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(options->error, sizeof(options->error), format, args);
	va_end(args);
	return S53_E_SYNTAX;
}

static enum s53_status
read_number(struct s53_options *options, const char *origin, const char *text,
    const unsigned long limits[2], unsigned long *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < limits[0] ||
	    value > limits[1])
		return wrong(options, "%s: '%s' is not a number from %lu to %lu", origin, text,
		    limits[0], limits[1]);
	*out = value;
	return S53_OK;
}

static enum s53_status
read_workers(struct s53_options *options, const char *origin, const char *text)
{
	unsigned long value = 0;
	enum s53_status status =
	    read_number(options, origin, text, (unsigned long[]){ 1, 256 }, &value);

	if (status == S53_OK)
		options->workers = (unsigned)value;
	return status;
}

static enum s53_status
read_port(struct s53_options *options, const char *origin, const char *text)
{
	unsigned long value = 0;
	enum s53_status status =
	    read_number(options, origin, text, (unsigned long[]){ 1, 65535 }, &value);

	if (status == S53_OK)
		options->port = (uint16_t)value;
	return status;
}

static enum s53_status
read_debug_level(struct s53_options *options, const char *text)
{
	unsigned long value = 0;
	enum s53_status status =
	    read_number(options, "-d", text, (unsigned long[]){ 0, 99 }, &value);

	if (status == S53_OK)
		options->debug_level = (int)value;
	return status;
}

static enum s53_status
list_add(struct s53_options *options, struct s53_option_list *list, const char *origin,
    const char *value)
{
	list->origin = origin;
	if (*value == '\0')
		return wrong(options, "%s: the value is empty", origin);
	if (list->count == S53_OPTIONS_LIST_MAX)
		return wrong(options,
		    "%s: more than %d values; use a configuration file (-c) instead", origin,
		    S53_OPTIONS_LIST_MAX);
	list->values[list->count++] = value;
	return S53_OK;
}

/*
 * Made absolute: a reload reads the file again, and the working directory may have changed by then.
 */
static enum s53_status
set_config(struct s53_options *options, const char *path)
{
	char folder[4096];
	char *whole;
	size_t size;

	options->config_shown = path;
	options->config_path = path;
	if (options->mode != S53_MODE_SERVE || path[0] == '/' || options->chroot_path != NULL ||
	    path[0] == '\0')
		return S53_OK;
	if (getcwd(folder, sizeof(folder)) == NULL)
		return S53_OK;
	size = strlen(folder) + strlen(path) + 2;
	whole = s53_arena_alloc(&options->arena, size);
	if (whole == NULL)
		return S53_E_NOMEM;
	snprintf(whole, size, "%s/%s", folder, path);
	options->config_path = whole;
	return S53_OK;
}

static void
ignored_flag(struct s53_options *options, int flag)
{
	size_t used = strlen(options->warning);

	snprintf(options->warning + used, sizeof(options->warning) - used, "%s-%c",
	    used == 0 ? "" : " ", flag);
}

static enum s53_status
family_flag(struct s53_options *options, int family)
{
	if (options->family != AF_UNSPEC && options->family != family)
		return wrong(options, "-4 and -6 cannot be used together");
	options->family = family;
	return S53_OK;
}

static enum s53_status
long_flag(struct s53_options *options, int flag, char *value)
{
	switch (flag) {
	case FLAG_CHECK:
		options->mode = S53_MODE_CHECK;
		return S53_OK;
	case FLAG_EXPLAIN:
		options->mode = S53_MODE_EXPLAIN;
		return S53_OK;
	case FLAG_HEALTH:
		options->mode = S53_MODE_HEALTH;
		return S53_OK;
	case FLAG_HELP:
		options->mode = S53_MODE_HELP;
		return S53_OK;
	case FLAG_LISTEN:
		return list_add(options, &options->listen, "--listen", value);
	case FLAG_FORWARDER:
		return list_add(options, &options->forwarders, "--forwarder", value);
	case FLAG_ZONE:
		return list_add(options, &options->zones, "--zone", value);
	default:
		return list_add(options, &options->consul, "--consul", value);
	}
}

static enum s53_status
short_flag(struct s53_options *options, int flag, char *value)
{
	switch (flag) {
	case '4':
		return family_flag(options, AF_INET);
	case '6':
		return family_flag(options, AF_INET6);
	case 'c':
		options->config_path = value;
		return S53_OK;
	case 'd':
		return read_debug_level(options, value);
	case 'g':
		options->log_stderr = true;
		options->foreground = true;
		return S53_OK;
	case 'f':
		options->foreground = true;
		return S53_OK;
	case 'L':
		options->log_path = value;
		return S53_OK;
	case 'n':
	case 'N': /* named's older name for it */
		return read_workers(options, flag == 'n' ? "-n" : "-N", value);
	case 'p':
		return read_port(options, "-p", value);
	case 't':
		options->chroot_path = value;
		return S53_OK;
	case 'u':
		options->user = value;
		return S53_OK;
	case 'v':
		options->mode = S53_MODE_VERSION;
		return S53_OK;
	case 'V':
		options->mode = S53_MODE_BUILD;
		return S53_OK;
	default:
		ignored_flag(options, flag);
		return S53_OK;
	}
}

static enum s53_status
bad_flag(struct s53_options *options, int verdict, const char *word)
{
	if (optopt >= 256 || (optopt == 0 && word != NULL)) {
		if (verdict == ':')
			return wrong(options, "%s requires a value", word);
		return wrong(options,
		    "%s: unknown option, or an option that takes no value; see --help", word);
	}
	if (verdict == ':')
		return wrong(options, "-%c requires a value", optopt);
	return wrong(options, "-%c: unknown option; see --help", optopt);
}

static enum s53_status
read_flags(struct s53_options *options, int argc, char *const argv[], bool check)
{
	enum s53_status status;

	optind = 0; /* glibc: start over, for tests that parse twice */
	opterr = 0;
	for (;;) {
		int at = optind == 0 ? 1 : optind;
		int flag =
		    getopt_long(argc, argv, check ? check_flags : serve_flags, long_flags, NULL);

		if (flag == -1)
			return S53_OK;
		if (flag == '?' || flag == ':')
			return bad_flag(options, flag, at < argc ? argv[at] : NULL);
		if (check && flag == 'p') {
			options->print_canonical = true;
			continue;
		}
		status = flag >= FLAG_CHECK ? long_flag(options, flag, optarg)
					    : short_flag(options, flag, optarg);
		if (status != S53_OK)
			return status;
	}
}

static enum s53_status
read_operands(struct s53_options *options, int count, char *const operands[])
{
	if (options->mode == S53_MODE_CHECK && count > 0) {
		if (count > 1)
			return wrong(
			    options, "--check takes one file: unexpected '%s'", operands[1]);
		options->config_path = operands[0];
		return S53_OK;
	}
	if (options->mode == S53_MODE_EXPLAIN) {
		if (count > 2)
			return wrong(options, "--explain takes NAME and CLIENT: unexpected '%s'",
			    operands[2]);
		options->explain_name = count > 0 ? operands[0] : NULL;
		options->explain_client = count > 1 ? operands[1] : NULL;
		return S53_OK;
	}
	if (count > 0)
		return wrong(options,
		    "unexpected argument '%s'; give a configuration file with -c FILE",
		    operands[0]);
	return S53_OK;
}

/* A variable that is set but empty counts as not set: common in compose files. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/*
 * Values are separated by commas or spaces; those of zones, which contain commas, by spaces or
 * semicolons.
 */
static enum s53_status
read_list_variable(struct s53_options *options, struct s53_option_list *list, const char *name,
    const char *separators)
{
	const char *value = variable(name);
	enum s53_status status = S53_OK;
	char *copy, *rest, *word;

	if (value == NULL || list->count > 0)
		return S53_OK;
	copy = s53_arena_strdup(&options->arena, value);
	if (copy == NULL)
		return S53_E_NOMEM;
	for (word = strtok_r(copy, separators, &rest); word != NULL && status == S53_OK;
	     word = strtok_r(NULL, separators, &rest))
		status = list_add(options, list, name, word);
	return status;
}

static enum s53_status
read_lists(struct s53_options *options)
{
	static const char commas[] = ", \t\n", spaces[] = "; \t\n";
	const struct {
		struct s53_option_list *list;
		const char *name, *separators;
	} variables[] = {
		{ &options->listen, "SPLIT53_LISTEN", commas },
		{ &options->forwarders, "SPLIT53_FORWARDER", commas },
		{ &options->forwarders, "SPLIT53_FORWARDERS", commas },
		{ &options->zones, "SPLIT53_ZONE", spaces },
		{ &options->zones, "SPLIT53_ZONES", spaces },
		{ &options->consul, "SPLIT53_CONSUL", commas },
	};
	enum s53_status status = S53_OK;

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]) && status == S53_OK; i++)
		status = read_list_variable(
		    options, variables[i].list, variables[i].name, variables[i].separators);
	return status;
}

static enum s53_status
read_environment(struct s53_options *options)
{
	const char *value;
	enum s53_status status = read_lists(options);

	if (options->config_path == NULL)
		options->config_path = variable("SPLIT53_CONFIG");
	if (options->user == NULL)
		options->user = variable("SPLIT53_USER");
	value = variable("SPLIT53_WORKERS");
	if (status == S53_OK && value != NULL && options->workers == 0)
		status = read_workers(options, "SPLIT53_WORKERS", value);
	value = variable("SPLIT53_PORT");
	if (status == S53_OK && value != NULL && options->port == 0)
		status = read_port(options, "SPLIT53_PORT", value);
	return status;
}

/* -p has no value in named-checkconf and one in named: --check must be known before parsing. */
static bool
is_check(int argc, char *const argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--check") == 0)
			return true;
	return false;
}

enum s53_status
s53_options_parse(struct s53_options *options, int argc, char *const argv[])
{
	enum s53_status status;
	bool check = is_check(argc, argv);

	memset(options, 0, sizeof(*options));
	s53_arena_init(&options->arena);
	status = read_flags(options, argc, argv, check);
	if (status != S53_OK)
		return status;
	status = read_operands(options, argc - optind, argv + optind);
	if (status != S53_OK || options->mode >= S53_MODE_HELP)
		return status;
	status = read_environment(options);
	if (status == S53_OK && options->config_path != NULL)
		status = set_config(options, options->config_path);
	if (status == S53_OK && check)
		options->warning[0] = '\0'; /* named-checkconf's other flags need no warning */
	return status;
}

/* BIND's usual path: Debian and Alpine; RHEL and OpenWrt; FreeBSD. */
static const char *const named_confs[] = { "/etc/bind/named.conf", "/etc/named.conf",
	"/usr/local/etc/namedb/named.conf" };

const char *
s53_options_unused_file(const struct s53_options *options)
{
	if (options->config_path != NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(named_confs) / sizeof(named_confs[0]); i++)
		if (access(named_confs[i], F_OK) == 0)
			return named_confs[i];
	return NULL;
}

void
s53_options_fini(struct s53_options *options)
{
	s53_arena_fini(&options->arena);
}
