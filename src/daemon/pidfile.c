/* SPDX-License-Identifier: ISC
 *
 * pidfile.c - see pidfile.h.
 */
#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/folder.h>

/* Make the file, which must not exist or must be one that we may replace. -1: errno. */
static int
file_make(int folder_fd, const char *name)
{
	struct stat old;

	if (fstatat(folder_fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(old.st_mode) && !S_ISLNK(old.st_mode)) {
			errno = S_ISDIR(old.st_mode) ? EISDIR : EOPNOTSUPP;
			return -1;
		}
		if (unlinkat(folder_fd, name, 0) != 0 && errno != ENOENT)
			return -1;
	}
	return openat(folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static int
print_own(char text[static 32])
{
	return snprintf(text, 32, "%ld\n", (long)getpid());
}

static enum s53_status
fill(struct pidfile *pidfile, struct s53_folder_owner owner)
{
	char text[32];
	int len = print_own(text);

	errno = EIO;
	if (write(pidfile->fd, text, (size_t)len) != len)
		return S53_E_IO;
	return fchown(pidfile->fd, owner.uid, owner.gid) == 0 ? S53_OK : S53_E_IO;
}

static void
forget(struct pidfile *pidfile)
{
	if (pidfile->fd >= 0)
		close(pidfile->fd);
	if (pidfile->folder_fd >= 0)
		close(pidfile->folder_fd);
	free(pidfile->name);
	*pidfile = (struct pidfile)PIDFILE_NONE;
}

/* Fails with errno; the caller closes what was opened. */
static enum s53_status
make(struct pidfile *pidfile, char *path, struct s53_folder_owner owner)
{
	const char *name = NULL;
	int failure;

	if ((pidfile->folder_fd = s53_folder_of(path, owner, &name)) < 0 ||
	    (pidfile->name = strdup(name)) == NULL ||
	    (pidfile->fd = file_make(pidfile->folder_fd, name)) < 0)
		return S53_E_IO;
	if (fill(pidfile, owner) == S53_OK)
		return S53_OK;
	failure = errno;
	unlinkat(pidfile->folder_fd, name, 0);
	errno = failure;
	return S53_E_IO;
}

enum s53_status
pidfile_write(struct pidfile *pidfile, const char *path, uid_t owner, gid_t group)
{
	const struct s53_folder_owner user = { owner, group };
	char *copy = strdup(path);
	enum s53_status status;
	int failure;

	*pidfile = (struct pidfile)PIDFILE_NONE;
	if (copy == NULL)
		return S53_E_IO; /* errno is ENOMEM */
	status = make(pidfile, copy, user);
	failure = errno;
	if (status != S53_OK)
		forget(pidfile);
	free(copy);
	errno = failure;
	return status;
}

/* Does the file still have our ID? Another process may have written its own ID into it. */
static bool
has_own_id(const struct pidfile *pidfile)
{
	char text[32], own[32];
	ssize_t len = pread(pidfile->fd, text, sizeof(text), 0);

	return len > 0 && len == print_own(own) && memcmp(text, own, (size_t)len) == 0;
}

/* Is the file of that name still the one that we have made? */
static bool
is_in_place(const struct pidfile *pidfile)
{
	struct stat ours, named;

	return fstat(pidfile->fd, &ours) == 0 &&
	    fstatat(pidfile->folder_fd, pidfile->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

void
pidfile_remove(struct pidfile *pidfile)
{
	if (pidfile->fd >= 0 && has_own_id(pidfile) &&
	    !(is_in_place(pidfile) && unlinkat(pidfile->folder_fd, pidfile->name, 0) == 0))
		(void)!ftruncate(pidfile->fd, 0);
	forget(pidfile);
}
