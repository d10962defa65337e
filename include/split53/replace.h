/* SPDX-License-Identifier: ISC
 *
 * replace.h - write a new file that replaces an old one once it is complete.
 *
 * Layer    base
 * Threads  one owner
 * Memory   two paths, until commit() or abandon()
 *
 * The new file is PATH.new until then: a fixed name, so that a process that is killed leaves at
 * most one behind, which the next open() replaces. It is always newly created; an existing file, or
 * the target of a link, is never written to.
 */
#pragma once

#include <sys/types.h>

#include <split53/status.h>

struct s53_replace {
	int fd; /* for writing; -1: not open */
	char *path, *fresh_path;
};

/*
 *   S53_E_EXISTS  `path` is something other than a regular file, which is not replaced
 *   S53_E_IO      errno
 *   S53_E_NOMEM
 * On failure there is nothing to abandon.
 */
S53_MUST_USE enum s53_status s53_replace_open(
    struct s53_replace *replace, const char *path, mode_t mode);

/*
 * Could s53_replace_open() succeed now? Writes nothing. S53_E_EXISTS, S53_E_IO (errno: for the
 * directory), S53_E_NOMEM.
 */
S53_MUST_USE enum s53_status s53_replace_check(const char *path);

/*
 * Rename the new file to `path`. S53_E_IO: errno; EEXIST says that another process has replaced the
 * new file with one of its own. Whatever is returned, `replace` is closed.
 */
S53_MUST_USE enum s53_status s53_replace_commit(struct s53_replace *replace);

/* Remove the new file. One that is not open is fine. */
void s53_replace_abandon(struct s53_replace *replace);
