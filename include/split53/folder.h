/* SPDX-License-Identifier: ISC
 *
 * folder.h - the folder of a file that is made by its path: of the pid-file, of a Unix socket.
 *
 * Layer    base
 * Threads  any
 * Memory   none
 *
 * Folders that are missing are made. A symbolic link is followed only where root or this user has
 * made it and no other user can have put it there: otherwise a user that may write to a folder of
 * the path would decide what root makes, and where.
 */
#pragma once

#include <sys/types.h>

#include <split53/status.h>

/* The user that folders are made for. */
struct s53_folder_owner {
	uid_t uid;
	gid_t gid;
};

/*
 * The folder that `path` is in, as a descriptor (O_PATH) that the caller closes; cuts `path`, and
 * *name is its last component. -1: errno.
 */
int s53_folder_of(char *path, struct s53_folder_owner owner, const char **name);
