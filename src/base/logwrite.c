/* SPDX-License-Identifier: ISC
 *
 * logwrite.c - see logwrite.h.
 */
#include "logwrite.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Pipes support RWF_NOWAIT since Linux 6.4. On older kernels a pipe that is ready accepts PIPE_BUF
 * bytes at once (pipe(7)); the write blocks only if another process writes to it in that moment.
 */
static ssize_t
write_now(int fd, const char *octets, size_t len)
{
	struct iovec piece = { .iov_base = (void *)octets,
		.iov_len = len < PIPE_BUF ? len : PIPE_BUF };
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	ssize_t written = pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);

	if (written >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS))
		return written;
	if (poll(&ready, 1, 0) == 1)
		return write(fd, octets, piece.iov_len);
	errno = EAGAIN;
	return -1;
}

bool
logwrite_line(int fd, const char *line, size_t len)
{
	struct stat about;
	/* RWF_NOWAIT fails on a regular file that grows, and such a file has no reader. */
	bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);

	while (len > 0) {
		ssize_t written = regular ? write(fd, line, len) : write_now(fd, line, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			if (written == 0)
				errno = ENOSPC;
			return false;
		}
		line += written;
		len -= (size_t)written;
	}
	return true;
}
