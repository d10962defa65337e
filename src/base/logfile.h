/* SPDX-License-Identifier: ISC
 *
 * logfile.h - a channel's file: size limit, old versions, buffering.
 *
 * Layer    base, private
 * Threads  the caller has taken the log's lock
 * Memory   one object a channel; the path is copied
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <split53/log.h>

struct logfile;

/*
 * Open; rolled first if `versions` is set and the file is full or has no size, as in BIND.
 * S53_E_IO: errno, for s53_file_why().
 */
S53_MUST_USE enum s53_status logfile_open(
    const struct s53_log_channel *channel, struct logfile **out);

/*
 * Write one whole line, with its newline. Returns how many lines could not be written, with errno,
 * and are dropped: this one, or those of the buffer.
 */
unsigned logfile_write(struct logfile *file, const char *line, size_t len);

const char *logfile_path(const struct logfile *file);

/* Write out what is buffered, close, free. NULL is fine. */
void logfile_close(struct logfile *file);
