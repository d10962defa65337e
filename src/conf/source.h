/* SPDX-License-Identifier: ISC
 *
 * source.h - the texts that are being read, and messages about them.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   texts are valid until conf_sources_fini(); their names are in the arena, since positions
 *          in the tree refer to them
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <split53/arena.h>
#include <split53/conf.h>
#include <split53/diag.h>
#include <split53/status.h>

#define SOURCE_SIZE_MAX ((size_t)256 << 20) /* of one file: a longer one is not a configuration */
#define REPORT_MAX 1000 /* errors that are listed; then reading ends */

struct conf_source {
	struct conf_source *next;
	const char *name; /* place.file of everything read from here is this same pointer */
	char *text;
	size_t len;
	dev_t device;
	ino_t inode; /* 0: not a file */
	bool is_private; /* messages do not quote it */
	size_t *lines; /* where each line begins; built when a message first needs it */
	size_t line_count;
};

struct conf_sources {
	struct conf_source *first; /* the newest */
	struct s53_diags *diags;
	struct s53_arena *names;
	unsigned errors; /* reported since conf_sources_init() */
	bool incomplete; /* an include could not be read: names that seem undefined may be in it */
};

void conf_sources_init(
    struct conf_sources *sources, struct s53_diags *diags, struct s53_arena *names);
void conf_sources_fini(struct conf_sources *sources);

/* Add a copy of the text. */
S53_MUST_USE enum s53_status conf_source_text(struct conf_sources *sources, const char *name,
    const char *text, size_t len, struct conf_source **out);

/*
 * Read the file `path`, called `name` in messages. The first one may be a pipe, as in
 * `split53 -c <(program)`, which is waited for PIPE_WAIT_MS; an included one must be a regular
 * file, and is private unless every user may read it.
 *   S53_E_IO     errno, for s53_file_why()
 *   S53_E_LIMIT  longer than SOURCE_SIZE_MAX
 */
#define PIPE_WAIT_MS 5000
S53_MUST_USE enum s53_status conf_source_read(
    struct conf_sources *sources, const char *path, const char *name, struct conf_source **out);

/*
 * Report a message, with the line of a source that is not private. Errors beyond REPORT_MAX are
 * only counted; a warning is of class S53_DIAG_PLAIN.
 */
void conf_report(struct conf_sources *sources, enum s53_diag_kind kind, struct s53_place place,
    const char *format, ...) S53_PRINTF(4, 5);
void conf_vreport(struct conf_sources *sources, enum s53_diag_kind kind, struct s53_place place,
    const char *format, va_list arguments) S53_PRINTF(4, 0);

/* A warning of the level's class: "'statement' [differs]: why". `level` is one of IGNORED_*. */
void conf_warn(struct conf_sources *sources, enum s53_conf_level level, struct s53_place place,
    const char *what, const char *format, ...) S53_PRINTF(5, 6);

#define CONF_SHOWN 64 /* bytes of a text from a file that a message repeats, with the final NUL */

/* `text` for a message: cut when long, without control characters. */
const char *conf_show(const char *text, char shown[static CONF_SHOWN]);
