/* SPDX-License-Identifier: ISC
 *
 * privilege.h - chroot, another user, and no more rights than are needed.
 *
 * Layer    daemon
 * Threads  main thread, before there is any other: credentials are per thread in the kernel
 * Memory   plain values
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <split53/status.h>

#define S53_GROUPS_MAX 64

/* Who to become; looked up before chroot, where the user database may not be. */
struct s53_identity {
	bool wanted; /* false: stay who we are */
	uid_t uid;
	gid_t gid;
	gid_t groups[S53_GROUPS_MAX];
	int group_count;
};

/* NULL: nobody wanted. A name or a number. S53_E_ABSENT: no such user. */
S53_MUST_USE enum s53_status s53_identity_find(const char *user, struct s53_identity *out);

/* chroot() and chdir() into it. S53_E_IO: errno. */
S53_MUST_USE enum s53_status s53_privilege_chroot(const char *path);

/*
 * Become `identity`, keeping CAP_NET_BIND_SERVICE when `keep_bind`, and gain nothing by exec any
 * more. S53_E_IO: errno; the process must end then.
 */
S53_MUST_USE enum s53_status s53_privilege_drop(
    const struct s53_identity *identity, bool keep_bind);

/* The soft limit of descriptors up to the hard one. */
void s53_privilege_raise_files(void);
