/* SPDX-License-Identifier: ISC
 *
 * socket.c - the sockets of control channels.
 *
 * A Unix socket has a name that may be taken: by another process that serves there, which keeps it,
 * or by one that was killed, whose file is replaced. Whether it is the one or the other shows when
 * it is connected to. Two processes that start at once might both find a dead file and each remove
 * what the other has made: so the folder is locked meanwhile, where that is possible.
 */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <split53/file.h>

/* Describe a failure. Returns -1. */
static int
fail(int fd, char *why, size_t size, const char *text)
{
	if (fd >= 0)
		close(fd);
	snprintf(why, size, "%s", text);
	return -1;
}

static const char *
explain_inet(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "address in use: another program, perhaps named or another split53, has it; "
		       "give this one another port with a `controls` statement";
	case EACCES:
		return "permission denied: ports below 1024 are root's; restart as root, grant "
		       "CAP_NET_BIND_SERVICE, or take another port in `controls`";
	case EADDRNOTAVAIL:
		return "this machine does not have the address";
	default:
		return strerror(error);
	}
}

static int
open_inet(const struct s53_channel *channel, char *why, size_t size)
{
	const struct s53_addr *addr = &channel->addr;
	int yes = 1;
	int fd = socket(addr->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(fd, why, size, strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (addr->family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, &addr->sa, s53_addr_len(addr)) != 0)
		return fail(fd, why, size, explain_inet(errno));
	return fd;
}

/* Is the socket of that path served? Only a refused connection shows that it is not. */
static bool
is_served(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof(*name)) != 0 &&
	    errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return !refused;
}

/* Remove a socket that a dead process has left. NULL: the name is free; else why it is not. */
static const char *
make_way(int folder_fd, const char *file, const struct sockaddr_un *name)
{
	struct stat old;

	if (fstatat(folder_fd, file, &old, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? NULL : strerror(errno);
	if (!S_ISSOCK(old.st_mode))
		return "the file exists and is no socket, so it is not replaced: remove it, or "
		       "name another with a `unix` channel in `controls`";
	if (is_served(name))
		return "another process serves there, perhaps another split53; this one has no "
		       "such channel: name another with a `unix` channel in `controls`";
	if (unlinkat(folder_fd, file, 0) != 0 && errno != ENOENT)
		return strerror(errno);
	return NULL;
}

/* Keep others from doing the same meanwhile. -1: it could not be locked, which is as good. */
static int
lock_folder(int folder_fd)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)flock(fd, LOCK_EX | LOCK_NB);
	return fd;
}

/* The file's mode is that of the descriptor, so no client can connect before it is right. */
static const char *
bind_file(struct listener *listener, int fd, int folder_fd, const char *file,
    const struct sockaddr_un *name)
{
	struct stat made;

	if (fchmod(fd, listener->channel->mode) != 0 ||
	    bind(fd, (const struct sockaddr *)name, sizeof(*name)) != 0 ||
	    fstatat(folder_fd, file, &made, AT_SYMLINK_NOFOLLOW) != 0)
		return strerror(errno);
	listener->device = made.st_dev;
	listener->inode = made.st_ino;
	return NULL;
}

static const char *
give_to_owner(const struct listener *listener, struct s53_folder_owner owner)
{
	const struct s53_channel *channel = listener->channel;
	uid_t uid = channel->owner == (uid_t)-1 ? owner.uid : channel->owner;
	gid_t gid = channel->group == (gid_t)-1 ? owner.gid : channel->group;

	if (lchown(listener->path, uid, gid) != 0 && !channel->is_default)
		return "it cannot be given to that owner and group";
	return control_socket_set_rights(listener) ? NULL : strerror(errno);
}

static int
open_in(struct listener *listener, int folder_fd, const char *file, struct s53_folder_owner owner,
    char *why, size_t size)
{
	struct sockaddr_un name;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const char *problem;

	if (fd < 0)
		return fail(fd, why, size, strerror(errno));
	(void)s53_channel_address(listener->path, false, &name); /* its length was checked */
	problem = make_way(folder_fd, file, &name);
	if (problem == NULL)
		problem = bind_file(listener, fd, folder_fd, file, &name);
	if (problem == NULL && (problem = give_to_owner(listener, owner)) != NULL)
		control_socket_remove(listener);
	return problem == NULL ? fd : fail(fd, why, size, problem);
}

/* There is no folder for the file: the same name in the abstract namespace. */
static int
open_abstract(struct listener *listener, char *why, size_t size)
{
	struct sockaddr_un name;
	socklen_t len = s53_channel_address(listener->path, true, &name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	free(listener->path);
	listener->path = NULL; /* there is no file to remove */
	if (fd < 0)
		return fail(fd, why, size, strerror(errno));
	if (bind(fd, (const struct sockaddr *)&name, len) != 0)
		return fail(fd, why, size,
		    errno == EADDRINUSE ? "no file can be made there, and another process serves "
					  "the abstract socket of that name"
					: strerror(errno));
	return fd;
}

static int
open_unix(struct listener *listener, struct s53_folder_owner owner, char *why, size_t size)
{
	char folder[S53_CHANNEL_PATH_MAX], reason[S53_FILE_WHY];
	const char *file = NULL;
	int folder_fd, lock_fd, fd;

	if (strlen(listener->channel->path) >= sizeof(folder))
		return fail(-1, why, size, "the path is longer than a socket's may be (107)");
	if ((listener->path = strdup(listener->channel->path)) == NULL)
		return fail(-1, why, size, "out of memory");
	strcpy(folder, listener->path);
	folder_fd = s53_folder_of(folder, owner, &file);
	if (listener->channel->is_default &&
	    (folder_fd < 0 || faccessat(folder_fd, ".", W_OK, AT_EACCESS) != 0)) {
		if (folder_fd >= 0)
			close(folder_fd);
		return open_abstract(listener, why, size);
	}
	if (folder_fd < 0)
		return fail(-1, why, size, s53_file_why(listener->path, errno, reason));
	lock_fd = lock_folder(folder_fd);
	fd = open_in(listener, folder_fd, file, owner, why, size);
	if (lock_fd >= 0)
		close(lock_fd);
	close(folder_fd);
	return fd;
}

int
control_socket_open(
    struct listener *listener, struct s53_folder_owner owner, char *why, size_t size)
{
	if (listener->channel->is_unix)
		return open_unix(listener, owner, why, size);
	return open_inet(listener->channel, why, size);
}

/* Is the file of that name still the socket that we have made? */
static bool
is_ours(const struct listener *listener)
{
	struct stat found;

	return lstat(listener->path, &found) == 0 && S_ISSOCK(found.st_mode) &&
	    found.st_dev == listener->device && found.st_ino == listener->inode;
}

bool
control_socket_set_rights(const struct listener *listener)
{
	struct stat found;

	if (lstat(listener->path, &found) != 0)
		return false;
	return (found.st_mode & 07777) == listener->channel->mode ||
	    (is_ours(listener) && chmod(listener->path, listener->channel->mode) == 0);
}

void
control_socket_remove(struct listener *listener)
{
	if (listener->path != NULL && listener->inode != 0 && is_ours(listener))
		(void)unlink(listener->path);
	listener->inode = 0;
}
