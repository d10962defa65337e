/* SPDX-License-Identifier: ISC
 *
 * logsyslog.c - see logsyslog.h.
 */
#include "logsyslog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int fd = -1;
static struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = LOGSYSLOG_PATH };

static bool
connect_anew(void)
{
	int fresh = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int failure;

	if (fresh < 0)
		return false;
	if (connect(fresh, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
		failure = errno;
		close(fresh);
		errno = failure;
		return false;
	}
	logsyslog_close();
	fd = fresh;
	return true;
}

void
logsyslog_open(const char *path)
{
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0)
		(void)connect_anew();
}

void
logsyslog_close(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static bool
send_parts(struct iovec parts[static 2])
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return fd >= 0 && sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool
logsyslog_write(int priority, const char *text, size_t len)
{
	char head[96], when[32];
	struct iovec parts[2] = { { head, 0 }, { (void *)text, len } };
	time_t now = time(NULL);
	struct tm local;

	if (localtime_r(&now, &local) == NULL ||
	    strftime(when, sizeof(when), "%b %e %H:%M:%S", &local) == 0)
		when[0] = '\0';
	parts[0].iov_len = (size_t)snprintf(
	    head, sizeof(head), "<%d>%s split53[%ld]: ", priority, when, (long)getpid());
	if (send_parts(parts))
		return true;
	if (fd >= 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE))
		return false;
	return connect_anew() && send_parts(parts); /* the syslog daemon was restarted */
}
