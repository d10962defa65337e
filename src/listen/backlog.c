/* SPDX-License-Identifier: ISC
 *
 * backlog.c - replies that wait until a TCP client reads more.
 */
#include "backlog.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_LEAST 4096

static void
move_to_start(struct s53_backlog *backlog)
{
	size_t have = s53_backlog_len(backlog);

	memmove(backlog->octets, s53_backlog_front(backlog), have);
	backlog->at = 0;
	backlog->end = have;
}

/*
 * Make space for `len` more bytes at the end. The space of sent bytes is reused if that moves no
 * more bytes than it gains: otherwise a client that reads byte by byte would cause a move for each
 * byte. A block of the largest size is not enlarged, so there it is reused in any case.
 */
static enum s53_status
make_room(struct s53_backlog *backlog, size_t len)
{
	size_t have = s53_backlog_len(backlog);
	size_t size = backlog->size != 0 ? backlog->size : SIZE_LEAST;
	uint8_t *octets;

	if (backlog->octets != NULL && size - have >= len &&
	    (backlog->at >= have || size == S53_BACKLOG_MAX)) {
		move_to_start(backlog);
		return S53_OK;
	}
	while (size - backlog->end < len && size < S53_BACKLOG_MAX)
		size = 2 * size < S53_BACKLOG_MAX ? 2 * size : S53_BACKLOG_MAX;
	if ((octets = realloc(backlog->octets, size)) == NULL)
		return S53_E_NOMEM;
	backlog->octets = octets;
	backlog->size = size;
	if (size - backlog->end < len)
		move_to_start(backlog);
	return S53_OK;
}

enum s53_status
s53_backlog_add(struct s53_backlog *backlog, const uint8_t *octets, size_t len)
{
	if (s53_backlog_is_short_of(backlog, len))
		return S53_E_LIMIT;
	if (backlog->size - backlog->end < len && make_room(backlog, len) != S53_OK)
		return S53_E_NOMEM;
	memcpy(backlog->octets + backlog->end, octets, len);
	backlog->end += len;
	return S53_OK;
}

void
s53_backlog_sent(struct s53_backlog *backlog, size_t len)
{
	S53_ASSERT(len <= s53_backlog_len(backlog));
	backlog->at += len;
	if (backlog->at == backlog->end)
		s53_backlog_fini(backlog);
}

void
s53_backlog_fini(struct s53_backlog *backlog)
{
	free(backlog->octets);
	*backlog = (struct s53_backlog){ 0 };
}
