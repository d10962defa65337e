/* SPDX-License-Identifier: ISC
 *
 * options.c - see options.h.
 *
 * Without -s, split53ctl connects to a Unix socket: that of the server on port 53, or on the port
 * of -p. Without -p, if that socket does not exist and the folder has exactly one other, it uses
 * that one. With -s ADDRESS it uses TCP like rndc, and -p is the port of the channel.
 */
#include "options.h"

#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <split53/conf.h>

#define TIMEOUT_S 60

static const char *const key_files[] = { S53_CHANNEL_KEY_FILE, "/etc/rndc.key",
	"/usr/local/etc/namedb/rndc.key" };

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static bool
read_number(
    const char *flag, const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out >= least && *out <= most)
		return true;
	fprintf(stderr, "split53ctl: -%s: '%s' is not a number from %lu to %lu\n", flag, text,
	    least, most);
	return false;
}

static bool
read_option(struct ctl_options *options, int flag, const char *value)
{
	unsigned long number = 0;

	switch (flag) {
	case 's':
		options->server = value;
		return true;
	case 'p':
		if (!read_number("p", value, 1, 65535, &number))
			return false;
		options->port = (uint16_t)number;
		return true;
	case 'k':
		options->key_file = value;
		return true;
	case 'y':
		options->key_name = value;
		return true;
	case 'c':
		options->conf = value;
		return true;
	case 'j':
		options->json = true;
		return true;
	case 'q':
		options->quiet = true;
		return true;
	default:
		return false;
	}
}

bool
ctl_options_read(struct ctl_options *options, int argc, char *const argv[])
{
	memset(options, 0, sizeof(*options));
	optind = 0;
	for (;;) {
		/* "+": all that follows the verb belongs to the verb, except --json. */
		int flag = getopt_long(argc, argv, "+s:p:k:y:c:jqhv", long_options, NULL);

		if (flag == -1)
			break;
		if (flag == 'h' || flag == 'v') {
			options->words = -flag;
			return true;
		}
		if (!read_option(options, flag, optarg))
			return false;
	}
	options->words = optind;
	return true;
}

/* Find the socket of the server on the port of -p, or the only socket that exists. */
static bool
find_socket(struct ctl_options *options)
{
	glob_t found;
	bool fine = true;

	s53_channel_path(options->port, options->path);
	if (options->port != 0 || access(options->path, F_OK) == 0)
		return true;
	if (glob(S53_CHANNEL_PATH "-*", 0, NULL, &found) != 0)
		return true; /* connect() will report that there is none */
	if (found.gl_pathc == 1 && strlen(found.gl_pathv[0]) < sizeof(options->path)) {
		strcpy(options->path, found.gl_pathv[0]);
	} else if (found.gl_pathc > 1) {
		fputs("split53ctl: several servers run on this host; choose one with -p PORT or -s "
		      "PATH:\n",
		    stderr);
		for (size_t i = 0; i < found.gl_pathc; i++)
			fprintf(stderr, "    -s %s\n", found.gl_pathv[i]);
		fine = false;
	}
	globfree(&found);
	return fine;
}

static bool
use_key(struct ctl_options *options, const struct s53_conf_statement *key, const char *path)
{
	const struct s53_conf_statement *algorithm = s53_conf_find(key->body, "algorithm");
	const struct s53_conf_statement *secret = s53_conf_find(key->body, "secret");

	snprintf(options->key_label, sizeof(options->key_label), "%s", key->label);
	options->key.name = options->key_label;
	if (algorithm != NULL && secret != NULL &&
	    s53_rndc_key_set(&options->key, algorithm->value.text, secret->value.text) == S53_OK)
		return true;
	fprintf(stderr,
	    "split53ctl: key '%s' in %s has no valid algorithm and secret; make a key with "
	    "rndc-confgen(8)\n",
	    key->label, path);
	return false;
}

static bool
load_key(struct ctl_options *options, const char *path)
{
	const struct s53_conf_statement *key;
	struct s53_conf *conf = NULL;
	struct s53_diags diags;
	bool fine = false;

	s53_diags_init(&diags);
	if (s53_conf_load(path, &diags, &conf) != S53_OK) {
		s53_diags_print(&diags, stderr);
		s53_diags_fini(&diags);
		return false;
	}
	key = s53_conf_find(s53_conf_top(conf), "key");
	while (key != NULL && options->key_name != NULL &&
	    strcasecmp(key->label, options->key_name) != 0)
		key = s53_conf_find(key->next, "key");
	if (key == NULL)
		fprintf(stderr, "split53ctl: %s has no key%s%s\n", path,
		    options->key_name != NULL ? " named " : "",
		    options->key_name != NULL ? options->key_name : "");
	else
		fine = use_key(options, key, path);
	s53_conf_free(conf);
	s53_diags_fini(&diags);
	return fine;
}

/* Load the key of -k or, for a channel over TCP, BIND's rndc.key. */
static bool
find_key(struct ctl_options *options, struct ctl_server *server)
{
	const char *path = options->key_file;

	for (size_t i = 0;
	     path == NULL && server->path == NULL && i < sizeof(key_files) / sizeof(key_files[0]);
	     i++)
		if (access(key_files[i], F_OK) == 0)
			path = key_files[i];
	if (path != NULL) {
		server->key = &options->key;
		return load_key(options, path);
	}
	if (server->path != NULL)
		return true;
	fputs("split53ctl: a control channel over TCP requires a key: give its file with -k FILE\n",
	    stderr);
	return false;
}

/* -c: take server, port and key from an rndc.conf, unless the command line has them. */
static bool
use_rndc_conf(struct ctl_options *options, struct ctl_server *server)
{
	const struct ctl_rndc_conf *conf = &options->rndc;
	uint16_t port;

	if (!ctl_rndc_conf_read(options->conf, options->server, options->key_name, &options->rndc))
		return false;
	port = options->port != 0 ? options->port : conf->port != 0 ? conf->port : S53_RNDC_PORT;
	if (s53_addr_parse_port(conf->server[0] != '\0' ? conf->server : "127.0.0.1", port,
		&server->addr) != S53_OK) {
		fprintf(stderr,
		    "split53ctl: %s: '%s' is not an IP address, and names are not looked up; write "
		    "the address, or add `addresses` to this server\n",
		    options->conf, conf->server);
		return false;
	}
	if (s53_rndc_key_set(&options->key, conf->algorithm, conf->secret) != S53_OK) {
		fprintf(stderr,
		    "split53ctl: key '%s' in %s has no valid algorithm and secret; make a key with "
		    "rndc-confgen(8)\n",
		    conf->key, options->conf);
		return false;
	}
	options->key.name = conf->key;
	server->key = &options->key;
	return true;
}

bool
ctl_options_server(struct ctl_options *options, struct ctl_server *server)
{
	*server = (struct ctl_server){ .timeout_s = TIMEOUT_S };
	if (options->conf != NULL)
		return use_rndc_conf(options, server);
	if (options->server == NULL) {
		if (!find_socket(options))
			return false;
		server->path = options->path;
	} else if (strchr(options->server, '/') != NULL) {
		server->path = options->server;
	} else if (s53_addr_parse_port(options->server,
		       options->port != 0 ? options->port : S53_RNDC_PORT,
		       &server->addr) != S53_OK) {
		fprintf(stderr, "split53ctl: -s: '%s' is not an IP address or a path (with '/')\n",
		    options->server);
		return false;
	}
	return find_key(options, server);
}
