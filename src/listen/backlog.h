/* SPDX-License-Identifier: ISC
 *
 * backlog.h - replies that wait until a TCP client reads more.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   a block only while something waits; zeroed it is empty
 * Units    bytes
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <split53/status.h>

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

/* S53_E_NOMEM: nothing has changed. */
S53_MUST_USE enum s53_status s53_backlog_add(
    struct s53_backlog *backlog, const uint8_t *octets, size_t len);

/* The first `len` bytes have been sent. */
void s53_backlog_sent(struct s53_backlog *backlog, size_t len);

/* Make it empty and free the block. */
void s53_backlog_fini(struct s53_backlog *backlog);
