/* SPDX-License-Identifier: ISC
 *
 * logwrite.h - write a line without waiting for the reader.
 *
 * Layer    base, private
 * Threads  the caller has taken the log's lock
 * Memory   none
 *
 * Standard error and standard output are shared with other processes, so O_NONBLOCK cannot be set
 * on them: it would be in force for those, too. A line to a pipe, terminal or socket that is full
 * is dropped instead.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* false: dropped or cut short; errno, EAGAIN when it is full. */
bool logwrite_line(int fd, const char *line, size_t len);
