/* SPDX-License-Identifier: ISC
 *
 * replace.c - see replace.h.
 */
#include <split53/replace.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
forget(struct s53_replace *replace)
{
	free(replace->path);
	free(replace->fresh_path);
	*replace = (struct s53_replace){ .fd = -1 };
}

enum s53_status
s53_replace_open(struct s53_replace *replace, const char *path, mode_t mode)
{
	size_t room = strlen(path) + sizeof(".new");
	enum s53_status status = S53_E_IO;
	struct stat old;

	*replace = (struct s53_replace){ .fd = -1, .path = strdup(path) };
	replace->fresh_path = malloc(room);
	if (replace->path == NULL || replace->fresh_path == NULL) {
		status = S53_E_NOMEM;
		goto failed;
	}
	snprintf(replace->fresh_path, room, "%s.new", path);
	if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
		status = S53_E_EXISTS; /* /dev/null, a directory, a pipe */
		goto failed;
	}
	if (unlink(replace->fresh_path) != 0 && errno != ENOENT)
		goto failed;
	replace->fd =
	    open(replace->fresh_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (replace->fd >= 0)
		return S53_OK;
failed:
	forget(replace);
	return status;
}

/* 0, or the errno that says why no file can be created in the directory. */
static int
folder_refusal(const char *folder)
{
	struct stat about;

	if (stat(folder, &about) != 0)
		return errno;
	if (!S_ISDIR(about.st_mode))
		return ENOTDIR;
	return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

enum s53_status
s53_replace_check(const char *path)
{
	char *copy = strdup(path);
	struct stat old;
	int failure;

	if (copy == NULL)
		return S53_E_NOMEM;
	failure = folder_refusal(dirname(copy));
	free(copy);
	if (failure == 0 && stat(path, &old) == 0 && !S_ISREG(old.st_mode))
		return S53_E_EXISTS;
	errno = failure;
	return failure == 0 ? S53_OK : S53_E_IO;
}

/* Is that path still the file that is open here? Another split53 may have replaced it. */
static bool
is_still_ours(const struct s53_replace *replace)
{
	struct stat ours, named;

	if (fstat(replace->fd, &ours) != 0 || lstat(replace->fresh_path, &named) != 0)
		return false;
	if (ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
		return true;
	errno = EEXIST;
	return false;
}

enum s53_status
s53_replace_commit(struct s53_replace *replace)
{
	int failure = 0;

	if (!is_still_ours(replace)) {
		failure = errno;
		close(replace->fd);
	} else {
		/* Some file systems report only at close() that the disk is full. */
		if (close(replace->fd) != 0 || rename(replace->fresh_path, replace->path) != 0)
			failure = errno;
		if (failure != 0)
			unlink(replace->fresh_path);
	}
	forget(replace);
	errno = failure;
	return failure == 0 ? S53_OK : S53_E_IO;
}

void
s53_replace_abandon(struct s53_replace *replace)
{
	if (replace->fd < 0)
		return;
	if (is_still_ours(replace))
		unlink(replace->fresh_path);
	close(replace->fd);
	forget(replace);
}
