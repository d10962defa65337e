/* SPDX-License-Identifier: ISC
 *
 * status.c - the words of enum s53_status, and abort on a broken invariant.
 */
#include <stdio.h>
#include <stdlib.h>

#include <split53/status.h>

const char *
s53_status_text(enum s53_status status)
{
	switch (status) {
	case S53_OK:
		return "success";
	case S53_E_NOMEM:
		return "out of memory";
	case S53_E_IO:
		return "a system call failed";
	case S53_E_SYNTAX:
		return "malformed";
	case S53_E_RANGE:
		return "out of range";
	case S53_E_SPACE:
		return "does not fit";
	case S53_E_ABSENT:
		return "not found";
	case S53_E_EXISTS:
		return "already exists";
	case S53_E_LIMIT:
		return "limit reached";
	}
	return "unknown status";
}

void
s53_assert_failed(const char *what, const char *file, int line)
{
	/* Straight to stderr: the log may be what is broken. */
	fprintf(stderr, "split53: broken invariant '%s' at %s:%d\n", what, file, line);
	abort();
}
