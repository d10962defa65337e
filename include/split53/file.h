/* SPDX-License-Identifier: ISC
 *
 * file.h - open a file that is named in the configuration, and only a regular one.
 *
 * Layer    base
 * Threads  any
 * Memory   none
 *
 * open() of a FIFO blocks until its other end is opened, and opening a device or a socket may have
 * any effect. A path that leads to one of these is rejected before it is opened, and once more
 * afterwards, since another user may have replaced the file in between. The null device counts as
 * a regular file: it is empty, and discards what is written.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include <split53/status.h>

/*
 * Open for reading. S53_E_IO: see errno; EISDIR for a directory and EOPNOTSUPP for anything else
 * that is not a regular file, as in BIND. *about describes the opened file.
 */
S53_MUST_USE enum s53_status s53_file_open_read(const char *path, int *fd, struct stat *about);

/* Open for appending; created with mode 0644 when it does not exist. Fails as above. */
S53_MUST_USE enum s53_status s53_file_open_append(const char *path, int *fd, struct stat *about);

#define S53_FILE_WHY 128

/* The text "cannot open 'path': ..." for the errno of a failed open. Returns `why`. */
const char *s53_file_why(const char *path, int error, char why[static S53_FILE_WHY]);

/* May every user of this machine read it? A message may then quote it. */
bool s53_file_is_public(const struct stat *about);
