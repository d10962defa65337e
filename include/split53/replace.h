/* SPDX-License-Identifier: ISC
 *
 * replace.h - a new file that takes the place of an old one once it is complete.
 *
 * Layer    base
 * Threads  one owner
 * Memory   two paths, until commit() or abandon()
 *
 * The new one is PATH.new until then: a fixed name, so that an end by force leaves at most one
 * behind, which the next open() replaces. It is made by us and never one that was there, nor what a
 * link points at.
 */
#pragma once

#include <sys/types.h>

#include <split53/status.h>

struct s53_replace {
	int fd; /* to be written to; -1: not open */
	char *path, *fresh_path;
};

/*
 *   S53_E_EXISTS  what stands at `path` is no regular file: it is not ours to replace
 *   S53_E_IO      errno
 *   S53_E_NOMEM
 * On failure there is nothing to abandon.
 */
S53_MUST_USE enum s53_status s53_replace_open(
    struct s53_replace *replace, const char *path, mode_t mode);

/*
 * Could s53_replace_open() succeed now? Writes nothing. S53_E_EXISTS, S53_E_IO (errno: of the
 * folder), S53_E_NOMEM.
 */
S53_MUST_USE enum s53_status s53_replace_check(const char *path);

/*
 * Let it take the place. S53_E_IO: errno; EEXIST says that someone else has put his file where
 * ours was. Whatever is returned, it is over.
 */
S53_MUST_USE enum s53_status s53_replace_commit(struct s53_replace *replace);

/* Take it away again. One that is not open is fine. */
void s53_replace_abandon(struct s53_replace *replace);
