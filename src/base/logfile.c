/* SPDX-License-Identifier: ISC
 *
 * logfile.c - a channel's file, with BIND's meaning of `versions` and `size`:
 *
 *	versions, no size	rolled whenever it is opened
 *	versions and size	rolled when a line makes it reach the size
 *	size, no versions	writing stops at the size until the file is shortened or removed
 *
 * Rolling renames FILE.1 to FILE.2, FILE.0 to FILE.1, FILE to FILE.0; the oldest goes. Only a
 * regular file has a size or versions; a pipe or a terminal is written to and that is all.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logfile.h"

#define BUFFER_LEN 8192

struct logfile {
	char *path;
	int fd; /* -1: could not be opened again; each line tries anew */
	bool regular;
	uint64_t size; /* octets in it, as far as we know */
	uint64_t size_max;
	unsigned versions;
	char *buffer; /* NULL: each line is one write */
	size_t buffered_len;
};

static void
write_all(struct logfile *file, const char *octets, size_t len)
{
	while (len > 0) {
		ssize_t written = write(file->fd, octets, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* disk full, reader gone: there is nowhere to say it */
		octets += written;
		len -= (size_t)written;
		file->size += (uint64_t)written;
	}
}

static void
flush(struct logfile *file)
{
	if (file->fd >= 0 && file->buffered_len > 0)
		write_all(file, file->buffer, file->buffered_len);
	file->buffered_len = 0;
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

static enum s53_status
reopen(struct logfile *file)
{
	struct stat found;

	if (file->versions > 0 && stat(file->path, &found) == 0 && S_ISREG(found.st_mode) &&
	    (file->size_max == 0 || full(file, (uint64_t)found.st_size)))
		roll(file);
	file->fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (file->fd < 0)
		return S53_E_IO;
	file->regular = fstat(file->fd, &found) == 0 && S_ISREG(found.st_mode);
	file->size = file->regular ? (uint64_t)found.st_size : 0;
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

/* The file has reached its size: true if there is room for a line again. */
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

void
logfile_write(struct logfile *file, const char *line, size_t len)
{
	if (file->fd < 0 && reopen(file) != S53_OK)
		return;
	if (file->regular && full(file, file->size + file->buffered_len)) {
		flush(file);
		if (!make_room(file))
			return;
	}
	if (file->buffer == NULL || len > BUFFER_LEN) {
		flush(file);
		write_all(file, line, len);
		return;
	}
	if (file->buffered_len + len > BUFFER_LEN)
		flush(file);
	memcpy(file->buffer + file->buffered_len, line, len);
	file->buffered_len += len;
}

void
logfile_close(struct logfile *file)
{
	if (file == NULL)
		return;
	flush(file);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file->buffer);
	free(file);
}
