/* SPDX-License-Identifier: ISC
 *
 * socket.c - the sockets of control channels.
 *
 * The path of a Unix socket may already exist. If another process listens on it, it is left alone;
 * if its process was killed, the file is replaced. A connect() tells these apart. Two processes
 * that start at the same time could both find an unused file, and each could remove the socket that
 * the other has just made: so the folder is locked meanwhile, where that is possible.
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
		return "the address is in use by another program, such as named or another "
		       "split53; set another port in `controls`";
	case EACCES:
		return "ports below 1024 require privileges; restart as root, grant "
		       "CAP_NET_BIND_SERVICE, or set another port in `controls`";
	case EADDRNOTAVAIL:
		return "no interface has this address";
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

/* Does a process listen on the socket at that path? Only ECONNREFUSED shows that none does. */
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

/*
 * Remove a socket file that a killed process left behind. NULL: the path is free; else why it is
 * not.
 */
static const char *
make_way(int folder_fd, const char *file, const struct sockaddr_un *name)
{
	struct stat old;

	if (fstatat(folder_fd, file, &old, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? NULL : strerror(errno);
	if (!S_ISSOCK(old.st_mode))
		return "the file exists and is not a socket, so it is not replaced: remove it, or "
		       "set another path with `unix` in `controls`";
	if (is_served(name))
		return "another process, perhaps another split53, listens on this socket: stop it, "
		       "or set another path with `unix` in `controls`";
	if (unlinkat(folder_fd, file, 0) != 0 && errno != ENOENT)
		return strerror(errno);
	return NULL;
}

/*
 * Lock the folder against other processes that do the same. -1: not possible; then there is no
 * lock.
 */
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
		return "owner and group of the socket cannot be set";
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

/* The file cannot be created: use the same name in the abstract namespace. */
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
		    errno == EADDRINUSE ? "the file cannot be created, and another process listens "
					  "on the abstract socket of that name"
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
		return fail(
		    -1, why, size, "the path is longer than 107 bytes, the limit for a socket");
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

/* Is the file at that path still the socket that this process has made? */
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
