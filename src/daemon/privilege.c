/* SPDX-License-Identifier: ISC
 *
 * privilege.c - giving up privileges, in this order: look up the user, chroot, bind, groups, user,
 * capabilities.
 */
#include <split53/privilege.h>

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum s53_status
s53_identity_find(const char *user, struct s53_identity *out)
{
	const struct passwd *entry;
	char *end = NULL;
	unsigned long number;

	memset(out, 0, sizeof(*out));
	if (user == NULL)
		return S53_OK;
	entry = getpwnam(user);
	if (entry == NULL) {
		number = strtoul(user, &end, 10);
		if (user[0] < '0' || user[0] > '9' || *end != '\0' || number >= UINT32_MAX)
			return S53_E_ABSENT;
		entry = getpwuid((uid_t)number);
		out->uid = (uid_t)number;
		out->gid = (gid_t)number;
	}
	out->wanted = true;
	if (entry == NULL) { /* a number without an entry, as users of containers often are */
		out->groups[0] = out->gid;
		out->group_count = 1;
		return S53_OK;
	}
	out->uid = entry->pw_uid;
	out->gid = entry->pw_gid;
	out->group_count = S53_GROUPS_MAX;
	if (getgrouplist(entry->pw_name, entry->pw_gid, out->groups, &out->group_count) < 0)
		out->group_count = S53_GROUPS_MAX; /* the first ones have been filled in */
	return S53_OK;
}

enum s53_status
s53_privilege_chroot(const char *path)
{
	return chroot(path) == 0 && chdir("/") == 0 ? S53_OK : S53_E_IO;
}

/* Keep exactly these capabilities. glibc has no function for it. */
static enum s53_status
set_capabilities(uint64_t wanted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = (uint32_t)(wanted >> (32 * i));
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) == 0 ? S53_OK : S53_E_IO;
}

static enum s53_status
become(const struct s53_identity *identity, bool keep_bind)
{
	if (prctl(PR_SET_KEEPCAPS, keep_bind ? 1L : 0L, 0L, 0L, 0L) != 0)
		return S53_E_IO;
	if (setgroups((size_t)identity->group_count, identity->groups) != 0 ||
	    setgid(identity->gid) != 0 || setuid(identity->uid) != 0)
		return S53_E_IO;
	if (identity->uid != 0 && setuid(0) == 0) {
		errno = EPERM; /* root can be regained: do not run like this */
		return S53_E_IO;
	}
	return S53_OK;
}

enum s53_status
s53_privilege_drop(const struct s53_identity *identity, bool keep_bind)
{
	enum s53_status status;

	if (!identity->wanted)
		return S53_OK;
	if (getuid() != identity->uid || geteuid() != identity->uid) {
		status = become(identity, keep_bind);
		if (status == S53_OK && identity->uid != 0)
			status =
			    set_capabilities(keep_bind ? UINT64_C(1) << CAP_NET_BIND_SERVICE : 0);
		if (status != S53_OK)
			return status;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 ? S53_OK : S53_E_IO;
}

void
s53_privilege_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit); /* if that fails, the soft limit stays */
}
