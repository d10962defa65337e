/* SPDX-License-Identifier: ISC
 *
 * options.h - the command line and the environment: named's flags, and what a container needs.
 *
 * Layer    setup
 * Threads  main thread
 * Memory   texts are in argv, the environment or the object's arena, and valid until
 *          s53_options_fini()
 *
 * Flags override the environment, and both override the file: a listener, forwarder or zone given
 * here replaces the file's. They are turned into named.conf text (s53_options_text()), which is
 * parsed like a file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <split53/arena.h>
#include <split53/status.h>

enum s53_mode {
	S53_MODE_SERVE,
	S53_MODE_CHECK, /* --check: named-checkconf */
	S53_MODE_EXPLAIN, /* --explain */
	S53_MODE_HEALTH, /* --health: is the server of these flags well? */
	S53_MODE_HELP,
	S53_MODE_VERSION, /* -v */
	S53_MODE_BUILD, /* -V */
};

#define S53_OPTIONS_LIST_MAX 64

/* Values of a repeatable flag, or of its variable. */
struct s53_option_list {
	const char *origin; /* "--forwarder" or "SPLIT53_FORWARDER": for messages */
	const char *values[S53_OPTIONS_LIST_MAX];
	unsigned count;
};

struct s53_options {
	struct s53_arena arena;
	enum s53_mode mode;
	int family; /* AF_INET for -4, AF_INET6 for -6, else AF_UNSPEC: both */
	const char *config_path; /* absolute for serving; NULL: no file */
	const char *config_shown; /* as it was written, for messages */
	const char *log_path; /* -L */
	const char *chroot_path; /* -t */
	const char *user; /* -u */
	int debug_level; /* -d */
	bool foreground; /* -f or -g */
	bool log_stderr; /* -g */
	bool print_canonical; /* --check -p */
	unsigned workers; /* -n; 0: by processors */
	uint16_t port; /* -p; 0: not given */
	const char *explain_name, *explain_client; /* or NULL */
	struct s53_option_list listen, forwarders, zones, consul;
	char warning[256]; /* flags of named that have no effect here; or empty */
	char error[512]; /* the message of S53_E_SYNTAX */
};

/*
 * Read `argv` (argv[0] is skipped) and the environment. S53_E_SYNTAX: error[] has one message that
 * names the flag or variable. S53_E_NOMEM. In any case s53_options_fini() must be called.
 */
S53_MUST_USE enum s53_status s53_options_parse(
    struct s53_options *options, int argc, char *const argv[]);
void s53_options_fini(struct s53_options *options);

/*
 * The named.conf text for listen, forwarders, zones and consul, with the built-in default for what
 * is not given when there is no file; "" when nothing is given. malloc'ed, the caller frees it.
 * NULL: error[] says why.
 */
char *s53_options_text(struct s53_options *options);

/*
 * A named.conf of this host that is not read because no flag or variable names a file; static.
 * NULL: a file is named, or there is none where BIND keeps it.
 */
const char *s53_options_unused_file(const struct s53_options *options);

/* The text of --help. */
extern const char s53_options_help[];
