/* SPDX-License-Identifier: ISC
 *
 * backlog.h - replies that wait until a TCP client reads more.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   a block only while something waits; all zero: empty
 * Units    bytes
 *
 * One client may use 128 KiB: S53_BACKLOG_MAX here, which is one reply of any size, and as much
 * of its input (S53_POOL_INPUT) as is not yet handed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <split53/status.h>

#define S53_BACKLOG_MAX 65537 /* 2 + S53_MESSAGE_MAX */

struct s53_backlog {
	uint8_t *octets;
	size_t at; /* bytes before it were sent */
	size_t end;
	size_t size; /* of the block */
};

static inline size_t
s53_backlog_len(const struct s53_backlog *backlog)
{
	return backlog->end - backlog->at;
}

static inline const uint8_t *
s53_backlog_front(const struct s53_backlog *backlog)
{
	return backlog->octets + backlog->at;
}

/* Would `len` more bytes exceed S53_BACKLOG_MAX? */
static inline bool
s53_backlog_is_short_of(const struct s53_backlog *backlog, size_t len)
{
	return s53_backlog_len(backlog) + len > S53_BACKLOG_MAX;
}

/* S53_E_LIMIT (no space for `len`), S53_E_NOMEM: nothing has changed. */
S53_MUST_USE enum s53_status s53_backlog_add(
    struct s53_backlog *backlog, const uint8_t *octets, size_t len);

/* The first `len` bytes have been sent. */
void s53_backlog_sent(struct s53_backlog *backlog, size_t len);

/* Make it empty and free the block. */
void s53_backlog_fini(struct s53_backlog *backlog);
