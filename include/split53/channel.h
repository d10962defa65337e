/* SPDX-License-Identifier: ISC
 *
 * channel.h - a control channel as the configuration wants it.
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

/* The default socket; of a server on another port than 53 it has the port in its name. */
#define S53_CHANNEL_PATH "/run/split53/control"
#define S53_CHANNEL_PATH_MAX 108 /* sun_path of sockaddr_un, with NUL */

/* Where rndc's key is expected if no file says otherwise: Debian's place of it. */
#define S53_CHANNEL_KEY_FILE "/etc/bind/rndc.key"

struct s53_channel {
	const struct s53_channel *next;
	bool is_unix;
	/* Not written but made by default: if it cannot be opened that is no more than a notice. */
	bool is_default;
	bool read_only; /* commands that change anything are refused */
	struct s53_addr addr; /* inet */
	const struct s53_acl *allow; /* inet; NULL: every client */
	const char *path; /* unix: absolute */
	mode_t mode; /* unix */
	uid_t owner; /* unix; (uid_t)-1: that of the process */
	gid_t group; /* unix; (gid_t)-1: that of the process */
	/* A message is to be signed with one of them. None: unix only, file rights decide. */
	const struct s53_rndc_key *keys;
	unsigned key_count;
};

/* The default path for a server on `port`. */
void s53_channel_path(uint16_t port, char out[static S53_CHANNEL_PATH_MAX]);

/*
 * The socket at `path` for bind() and connect(). `is_abstract`: in the abstract namespace, under
 * the same name, for a process that can make no file there (another user than root in a container
 * whose files are read-only). That has no file rights: both ends look at the user of the other.
 * Returns the length of the address; 0: the path is too long.
 */
socklen_t s53_channel_address(const char *path, bool is_abstract, struct sockaddr_un *out);
