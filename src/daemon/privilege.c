/* SPDX-License-Identifier: ISC
 *
 * privilege.c - drops privileges, in this order: look up the user, chroot, bind, bounding
 * set, groups, user, capabilities.
 */
#include <split53/privilege.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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
	if (entry == NULL) { /* a number without an entry, as is common in containers */
		out->groups[0] = out->gid;
		out->group_count = 1;
		return S53_OK;
	}
	out->uid = entry->pw_uid;
	out->gid = entry->pw_gid;
	out->group_count = S53_GROUPS_MAX;
	if (getgrouplist(entry->pw_name, entry->pw_gid, out->groups, &out->group_count) < 0)
		out->group_count = S53_GROUPS_MAX; /* the first ones were filled in */
	return S53_OK;
}

enum s53_status
s53_privilege_chroot(const char *path)
{
	return chroot(path) == 0 && chdir("/") == 0 ? S53_OK : S53_E_IO;
}

/*
 * The capabilities that are kept, if present:
 *
 *	CAP_NET_BIND_SERVICE  an address or a reload may need a socket on a port below 1024
 *	CAP_DAC_OVERRIDE      root without -u: zone, log, dump and cache files may belong to another
 *	                      user, and are opened at a reload and at the end as at the start
 */
static int
list_kept(const struct s53_identity *identity, bool keep_bind, cap_value_t list[static 2])
{
	int count = 0;

	if (!identity->wanted || identity->uid == 0 || keep_bind)
		list[count++] = CAP_NET_BIND_SERVICE;
	if (!identity->wanted ? geteuid() == 0 : identity->uid == 0)
		list[count++] = CAP_DAC_OVERRIDE;
	return count;
}

/*
 * No program that the process executes can get more than this set. Without CAP_SETPCAP, as in
 * some containers, the set stays, but no_new_privs prevents its use.
 */
static void
limit_bounding_set(const cap_value_t *kept, int count)
{
	for (cap_value_t it = 0; CAP_IS_SUPPORTED(it); it++) {
		bool wanted = false;

		for (int i = 0; i < count; i++)
			wanted = wanted || kept[i] == it;
		if (!wanted && cap_drop_bound(it) != 0)
			return;
	}
}

/* Lowers the inheritable set, and with it the ambient one (capabilities(7)). */
static enum s53_status
keep_only(const cap_value_t *kept, int count)
{
	cap_t present = cap_get_proc(), wanted = cap_init();
	enum s53_status status = S53_E_IO;
	cap_flag_value_t has;

	if (present == NULL || wanted == NULL)
		goto done;
	for (int i = 0; i < count; i++) {
		if (cap_get_flag(present, kept[i], CAP_PERMITTED, &has) != 0)
			goto done;
		if (cap_set_flag(wanted, CAP_PERMITTED, 1, &kept[i], has) != 0 ||
		    cap_set_flag(wanted, CAP_EFFECTIVE, 1, &kept[i], has) != 0)
			goto done;
	}
	if (cap_set_proc(wanted) == 0)
		status = S53_OK;
done:
	cap_free(wanted);
	cap_free(present);
	return status;
}

/* KEEPCAPS: the permitted set is kept over setuid(), and reduced by keep_only(). */
static enum s53_status
become(const struct s53_identity *identity)
{
	if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) != 0)
		return S53_E_IO;
	if (setgroups((size_t)identity->group_count, identity->groups) != 0 ||
	    setgid(identity->gid) != 0 || setuid(identity->uid) != 0)
		return S53_E_IO;
	return prctl(PR_SET_KEEPCAPS, 0L, 0L, 0L, 0L) == 0 ? S53_OK : S53_E_IO;
}

enum s53_status
s53_privilege_drop(const struct s53_identity *identity, bool keep_bind)
{
	bool change = identity->wanted && (getuid() != identity->uid || geteuid() != identity->uid);
	cap_value_t kept[2];
	int count = list_kept(identity, keep_bind, kept);

	limit_bounding_set(kept, count); /* needs a capability that root is about to lose */
	if (change && become(identity) != S53_OK)
		return S53_E_IO;
	if (keep_only(kept, count) != S53_OK)
		return S53_E_IO;
	if (change && identity->uid != 0 && setuid(0) == 0) {
		errno = EPERM; /* root can be regained: do not run like this */
		return S53_E_IO;
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
	setrlimit(RLIMIT_NOFILE, &limit); /* if that fails, the soft limit is used */
}
