/* SPDX-License-Identifier: ISC
 *
 * file.c - see file.h.
 */
#include <split53/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool
is_null_device(const struct stat *about)
{
	return S_ISCHR(about->st_mode) && about->st_rdev == makedev(1, 3);
}

/* 0, or the errno that says why the file is rejected. */
static int
refusal(const struct stat *about)
{
	if (S_ISREG(about->st_mode) || is_null_device(about))
		return 0;
	return S_ISDIR(about->st_mode) ? EISDIR : EOPNOTSUPP;
}

static enum s53_status
open_regular(const char *path, int flags, int *out, struct stat *about)
{
	int fd, failure;

	/* Opening some devices has side effects, for example a watchdog. */
	if (stat(path, about) == 0 && (errno = refusal(about)) != 0)
		return S53_E_IO;
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	if (fd < 0)
		return S53_E_IO;
	failure = fstat(fd, about) == 0 ? refusal(about) : errno;
	if (failure != 0) {
		close(fd);
		errno = failure;
		return S53_E_IO;
	}
	*out = fd;
	return S53_OK;
}

enum s53_status
s53_file_open_read(const char *path, int *fd, struct stat *about)
{
	return open_regular(path, O_RDONLY, fd, about);
}

enum s53_status
s53_file_open_append(const char *path, int *fd, struct stat *about)
{
	return open_regular(path, O_WRONLY | O_APPEND | O_CREAT, fd, about);
}

static const char *
kind_of(const char *path)
{
	struct stat about;

	if (stat(path, &about) != 0)
		return "not a regular file";
	switch (about.st_mode & S_IFMT) {
	case S_IFIFO:
		return "a FIFO (named pipe)";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	default:
		return "not a regular file";
	}
}

const char *
s53_file_why(const char *path, int error, char why[static S53_FILE_WHY])
{
	if (error == EOPNOTSUPP)
		snprintf(why, S53_FILE_WHY, "it is %s; name a regular file instead", kind_of(path));
	else
		snprintf(why, S53_FILE_WHY, "%s", strerror(error));
	return why;
}

bool
s53_file_is_public(const struct stat *about)
{
	return (about->st_mode & S_IROTH) != 0 || is_null_device(about);
}
