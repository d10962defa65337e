/* SPDX-License-Identifier: ISC
 *
 * logline.h - the text of one log line.
 *
 * Layer    base, private
 * Threads  any
 * Memory   the caller's buffers
 */
#pragma once

#include <stddef.h>
#include <time.h>

#include <split53/log.h>

#define LOGLINE_TEXT 3072 /* of a message, before escaping; the rest is cut */
#define LOGLINE_MAX (LOGLINE_TEXT * 4 + 128) /* every byte escaped, prefix, newline */

/*
 * Append `text` to `line` with control characters and invalid UTF-8 as \ooo. Returns the new
 * length; never beyond `max`.
 */
size_t logline_escape(char *line, size_t len, size_t max, const char *text);

/* "22-Nov-2026 10:30:00.123 queries: info: ", as the channel is configured. Returns the length. */
size_t logline_prefix(char line[static LOGLINE_MAX], const struct s53_log_channel *channel,
    enum s53_log_category category, int severity, const struct timespec *now);
