/* SPDX-License-Identifier: ISC
 *
 * pidfile.h - the file with our process ID.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   two descriptors and a name, until pidfile_remove()
 *
 * It is written by root, often in a folder of the user that root becomes later, and that user may
 * have put anything there. So the file is always created and an existing one never reused; links
 * on the path that this user may have made are not followed; and both descriptors are kept, so
 * that the end does not depend on the path.
 */
#pragma once

#include <sys/types.h>

#include <split53/status.h>

struct pidfile {
	int folder_fd, fd; /* -1: not written */
	char *name; /* in the folder */
};

#define PIDFILE_NONE         \
	{                    \
		-1, -1, NULL \
	}

/*
 * Write it, owned by `owner`; missing folders are made for that user. An existing file or link of
 * that name is removed first; EOPNOTSUPP: it is something else. S53_E_IO: errno, for
 * s53_file_why().
 */
S53_MUST_USE enum s53_status pidfile_write(
    struct pidfile *pidfile, const char *path, uid_t owner, gid_t group);

/*
 * Remove it if it still has our own process ID. If the folder no longer allows that, it is emptied
 * instead. Does nothing if it was not written.
 */
void pidfile_remove(struct pidfile *pidfile);
