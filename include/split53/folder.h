/* SPDX-License-Identifier: ISC
 *
 * folder.h - opens the folder in which a file is created: the pid-file, a Unix socket.
 *
 * Layer    base
 * Threads  any
 * Memory   none
 *
 * Missing folders are created. A symbolic link is followed only if no other user than root or this
 * one can have created it: otherwise a user with write access to a folder of the path could make
 * root create files anywhere.
 */
#pragma once

#include <sys/types.h>

#include <split53/status.h>

/* The user that gets the folders that are created. */
struct s53_folder_owner {
	uid_t uid;
	gid_t gid;
};

/*
 * The folder that `path` is in, as a descriptor (O_PATH) that the caller closes; cuts `path`, and
 * *name is its last component. -1: errno.
 */
int s53_folder_of(char *path, struct s53_folder_owner owner, const char **name);
