/* SPDX-License-Identifier: ISC
 *
 * folder.c - see folder.h.
 */
#include <split53/folder.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static bool
is_link(int folder_fd, const char *name)
{
	struct stat found;
	bool yes =
	    fstatat(folder_fd, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);

	errno = ENOTDIR;
	return yes;
}

/*
 * May the link `name` be followed? Only if no other user than root and this one can have created it
 * or can replace it.
 */
static bool
is_trusted_link(int folder_fd, const char *name)
{
	struct stat folder, link;

	return fstat(folder_fd, &folder) == 0 &&
	    fstatat(folder_fd, name, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
	    is_trusted(folder.st_uid) && is_trusted(link.st_uid) &&
	    ((folder.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (folder.st_mode & S_ISVTX) != 0);
}

/*
 * Make the folder `name` for `owner`. The owner is set by descriptor, since the path may lead
 * elsewhere a moment later.
 */
static int
make(int parent_fd, const char *name, struct s53_folder_owner owner)
{
	struct stat made;
	int fd;

	if (mkdirat(parent_fd, name, 0755) != 0)
		return -1;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &made) == 0 && made.st_uid == geteuid() &&
	    fchown(fd, owner.uid, owner.gid) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Open the folder `name`; it is created if it is missing. -1: errno. */
static int
enter(int parent_fd, const char *name, struct s53_folder_owner owner)
{
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(parent_fd, name, flags | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT)
		return make(parent_fd, name, owner);
	if (fd >= 0 || errno != ENOTDIR || !is_link(parent_fd, name))
		return fd;
	if (is_trusted_link(parent_fd, name))
		return openat(parent_fd, name, flags);
	errno = ELOOP; /* as with O_NOFOLLOW */
	return -1;
}

int
s53_folder_of(char *path, struct s53_folder_owner owner, const char **name)
{
	int fd = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *next;

	for (char *at = path; fd >= 0; at = next) {
		int deeper;

		at += strspn(at, "/");
		next = strchr(at, '/');
		if (next == NULL) {
			*name = at;
			return fd;
		}
		*next++ = '\0';
		deeper = enter(fd, at, owner);
		close(fd);
		fd = deeper;
	}
	return -1;
}
