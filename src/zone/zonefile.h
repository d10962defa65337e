/* SPDX-License-Identifier: ISC
 *
 * zonefile.h - read the text of a zone file into a zone.
 *
 * Layer    zone (private)
 * Threads  main thread
 * Memory   all that it allocates is freed when it returns
 * Sources  RFC 1035 s5.1, RFC 2308 s4 ($TTL), RFC 2181 s8 (TTLs)
 */
#pragma once

#include <sys/types.h>

#include "index.h"

#include <split53/diag.h>

/* The text of a zone file. */
struct zonefile_text {
	const char *name; /* in messages */
	char *octets; /* and a NUL */
	size_t len;
	bool is_private; /* not every user may read it, so that messages do not quote it */
	dev_t device;
	ino_t inode; /* 0: it is not a file */
};

/*
 * $INCLUDE is followed only when `may_include`. All errors are added to `diags`, up to a limit;
 * S53_OK is returned even then: the caller checks `diags`.
 */
S53_MUST_USE enum s53_status zonefile_read(struct s53_zone *zone, const struct zonefile_text *text,
    bool may_include, struct s53_diags *diags);

/* Read the regular file `path`; free(out->octets). S53_E_IO with errno for s53_file_why(),
 * S53_E_NOMEM. */
S53_MUST_USE enum s53_status zonefile_slurp(const char *path, struct zonefile_text *out);
