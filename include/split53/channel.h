/* SPDX-License-Identifier: ISC
 *
 * channel.h - a control channel of the configuration.
 *
 * Layer    rndc: setup makes channels, control opens them
 * Threads  main thread; immutable
 * Memory   part of a snapshot, as are the texts, keys and lists that it points at
 */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <split53/addr.h>
#include <split53/rndc.h>

struct s53_acl;

/* The default socket of a server on port 53. On another port, "-PORT" is appended. */
#define S53_CHANNEL_PATH "/run/split53/control"
#define S53_CHANNEL_PATH_MAX 108 /* sun_path of sockaddr_un, with NUL */

/* The default path of rndc's key, as in Debian. */
#define S53_CHANNEL_KEY_FILE "/etc/bind/rndc.key"

struct s53_channel {
	const struct s53_channel *next;
	bool is_unix;
	/* Opened by default, without a statement: a failure to open it is only a notice. */
	bool is_default;
	bool read_only; /* commands that change something are rejected */
	struct s53_addr addr; /* inet */
	const struct s53_acl *allow; /* inet; NULL: every client */
	const char *path; /* unix: absolute */
	mode_t mode; /* unix */
	uid_t owner; /* unix; (uid_t)-1: that of the process */
	gid_t group; /* unix; (gid_t)-1: that of the process */
	/*
	 * Messages must be signed with one of these. None: only for unix, where the file mode
	 * decides.
	 */
	const struct s53_rndc_key *keys;
	unsigned key_count;
};

/* The default path for a server on `port`. */
void s53_channel_path(uint16_t port, char out[static S53_CHANNEL_PATH_MAX]);

/*
 * The socket at `path` for bind() and connect(). `is_abstract`: in the abstract namespace, under
 * the same name, for a process that cannot create the file (another user than root in a container
 * with a read-only file system). An abstract socket has no mode, so each end checks the user of its
 * peer. Returns the length of the address; 0: the path is too long.
 */
socklen_t s53_channel_address(const char *path, bool is_abstract, struct sockaddr_un *out);
