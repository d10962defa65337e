/* SPDX-License-Identifier: ISC
 *
 * privilege.h - chroot, change of user, and dropping privileges that are not needed.
 *
 * Layer    daemon
 * Threads  main thread, before any other is started: credentials are per thread in the kernel
 * Memory   plain values
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <split53/status.h>

#define S53_GROUPS_MAX 64

/* The user of -u, looked up before chroot, because the new root may have no user database. */
struct s53_identity {
	bool wanted; /* false: no -u, the user stays the same */
	uid_t uid;
	gid_t gid;
	gid_t groups[S53_GROUPS_MAX];
	int group_count;
};

/* `user`: a name or a number; NULL: no -u. S53_E_ABSENT: no such user. */
S53_MUST_USE enum s53_status s53_identity_find(const char *user, struct s53_identity *out);

/* chroot() and chdir() into it. S53_E_IO: errno. */
S53_MUST_USE enum s53_status s53_privilege_chroot(const char *path);

/*
 * Change to `identity`, drop all capabilities except the few that may still be needed from every
 * set, and set no_new_privs. `keep_bind`: a user other than root keeps CAP_NET_BIND_SERVICE.
 * S53_E_IO: errno; the process must end then.
 */
S53_MUST_USE enum s53_status s53_privilege_drop(
    const struct s53_identity *identity, bool keep_bind);

/* Raise the soft limit of descriptors to the hard limit. */
void s53_privilege_raise_files(void);
