/* SPDX-License-Identifier: ISC
 *
 * logfile.c - a channel's file, with BIND's meaning of `versions` and `size`:
 *
 *	versions, no size	rolled whenever it is opened
 *	versions and size	rolled when a line makes it reach the size
 *	size, no versions	writing stops at the size until the file is shortened or removed
 *
 * Rolling renames FILE.1 to FILE.2, FILE.0 to FILE.1, FILE to FILE.0; the oldest is deleted.
 *
 * For /dev/stdout and /dev/stderr our own descriptors are used and not opened a second time: that
 * fails when they are sockets, and for another user when they are pipes. They have no size or
 * versions.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/file.h>

#include "logfile.h"
#include "logwrite.h"

#define BUFFER_LEN 8192

struct logfile {
	char *path;
	int fd; /* -1: could not be opened again; each line tries again */
	bool standard; /* fd is standard output or error: not closed here */
	bool regular;
	bool torn; /* the last line was cut short */
	uint64_t size; /* bytes in it, as far as known */
	uint64_t size_max;
	unsigned versions;
	char *buffer; /* NULL: each line is one write */
	size_t buffered_len;
	unsigned buffered_lines;
};

static bool
write_all(struct logfile *file, const char *octets, size_t len)
{
	while (len > 0) {
		ssize_t written = write(file->fd, octets, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false; /* no space, for example */
		octets += written;
		len -= (size_t)written;
		file->size += (uint64_t)written;
		file->torn = len > 0;
	}
	return true;
}

/* Write whole lines. false: dropped, or cut short; errno. */
static bool
put(struct logfile *file, const char *octets, size_t len)
{
	if (file->standard)
		return logwrite_line(file->fd, octets, len);
	return (!file->torn || write_all(file, "\n", 1)) && write_all(file, octets, len);
}

/* Returns how many lines were dropped. */
static unsigned
flush(struct logfile *file)
{
	unsigned lost = file->buffered_lines;

	if (file->buffered_len == 0 ||
	    (file->fd >= 0 && put(file, file->buffer, file->buffered_len)))
		lost = 0;
	file->buffered_len = 0;
	file->buffered_lines = 0;
	return lost;
}

static void
version_path(char out[static PATH_MAX], const char *path, unsigned version)
{
	if ((size_t)snprintf(out, PATH_MAX, "%s.%u", path, version) >= PATH_MAX)
		out[0] = '\0'; /* rename() then fails, and the file just grows */
}

static void
roll(const struct logfile *file)
{
	char older[PATH_MAX];
	char newer[PATH_MAX];
	unsigned top = 0;

	for (; top + 1 < file->versions; top++) {
		version_path(older, file->path, top);
		if (access(older, F_OK) != 0)
			break;
	}
	for (; top > 0; top--) {
		version_path(older, file->path, top);
		version_path(newer, file->path, top - 1);
		(void)rename(newer, older);
	}
	version_path(older, file->path, 0);
	(void)rename(file->path, older);
}

static bool
full(const struct logfile *file, uint64_t size)
{
	return file->size_max > 0 && size >= file->size_max;
}

/* The standard descriptor that `path` names, or -1. */
static int
standard_fd(const char *path)
{
	static const char *const names[][3] = {
		{ "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1" },
		{ "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2" },
	};

	for (unsigned fd = 0; fd < 2; fd++)
		for (unsigned i = 0; i < 3; i++)
			if (strcmp(path, names[fd][i]) == 0)
				return fd == 0 ? STDOUT_FILENO : STDERR_FILENO;
	return -1;
}

static enum s53_status
reopen(struct logfile *file)
{
	enum s53_status status;
	struct stat found;

	file->fd = standard_fd(file->path);
	file->standard = file->fd >= 0;
	if (file->standard)
		return S53_OK;
	if (file->versions > 0 && stat(file->path, &found) == 0 && S_ISREG(found.st_mode) &&
	    (file->size_max == 0 || full(file, (uint64_t)found.st_size)))
		roll(file);
	if ((status = s53_file_open_append(file->path, &file->fd, &found)) != S53_OK)
		return status;
	file->regular = S_ISREG(found.st_mode);
	file->size = file->regular ? (uint64_t)found.st_size : 0;
	file->torn = false;
	return S53_OK;
}

enum s53_status
logfile_open(const struct s53_log_channel *channel, struct logfile **out)
{
	struct logfile *file = calloc(1, sizeof(*file));
	int why;

	if (file == NULL)
		return S53_E_NOMEM;
	file->fd = -1;
	file->size_max = channel->size_max;
	file->versions = channel->versions;
	file->path = strdup(channel->path);
	if (channel->buffered)
		file->buffer = malloc(BUFFER_LEN);
	if (file->path == NULL || (channel->buffered && file->buffer == NULL)) {
		logfile_close(file);
		return S53_E_NOMEM;
	}
	if (reopen(file) != S53_OK) {
		why = errno;
		logfile_close(file);
		errno = why;
		return S53_E_IO;
	}
	*out = file;
	return S53_OK;
}

/* The file has reached its size: true if a line can be written again. */
static bool
make_room(struct logfile *file)
{
	struct stat found;

	if (file->versions == 0 && stat(file->path, &found) == 0 &&
	    full(file, (uint64_t)found.st_size))
		return false; /* stop, as BIND does */
	close(file->fd);
	file->fd = -1;
	return reopen(file) == S53_OK;
}

unsigned
logfile_write(struct logfile *file, const char *line, size_t len)
{
	unsigned lost = 0;

	if (file->fd < 0 && reopen(file) != S53_OK)
		return 1;
	if (file->regular && full(file, file->size + file->buffered_len)) {
		lost = flush(file);
		if (!make_room(file))
			return file->fd < 0 ? lost + 1 : lost; /* stopping at the size is no loss */
	}
	if (file->buffer == NULL || len > BUFFER_LEN) {
		lost += flush(file);
		return put(file, line, len) ? lost : lost + 1;
	}
	if (file->buffered_len + len > BUFFER_LEN)
		lost += flush(file);
	memcpy(file->buffer + file->buffered_len, line, len);
	file->buffered_len += len;
	file->buffered_lines++;
	return lost;
}

const char *
logfile_path(const struct logfile *file)
{
	return file->path;
}

void
logfile_close(struct logfile *file)
{
	if (file == NULL)
		return;
	(void)flush(file); /* lines dropped here are not counted: the file is gone */
	if (file->fd >= 0 && !file->standard)
		close(file->fd);
	free(file->path);
	free(file->buffer);
	free(file);
}
