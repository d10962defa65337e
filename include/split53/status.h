/* SPDX-License-Identifier: ISC
 *
 * status.h - the result codes of functions that may fail.
 *
 * Layer    base
 * Threads  any
 * Memory   none
 */
#pragma once

#include <stddef.h>

#define S53_MUST_USE __attribute__((warn_unused_result))
#define S53_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* The object of `type` that has its `member` at `pointer`. */
#define S53_CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Abort on a broken invariant of our own; never on input or lack of memory. */
#define S53_ASSERT(condition) \
	((condition) ? (void)0 : s53_assert_failed(#condition, __FILE__, __LINE__))

enum s53_status {
	S53_OK,
	S53_E_NOMEM, /* out of memory */
	S53_E_IO, /* the operating system refused; errno says why */
	S53_E_SYNTAX, /* malformed */
	S53_E_RANGE, /* a number outside its limits */
	S53_E_SPACE, /* the caller's buffer is too small */
	S53_E_ABSENT, /* nothing of that name */
	S53_E_EXISTS, /* exists already */
	S53_E_LIMIT, /* a configured limit or the descriptors are used up */
};

/* A few words for a log line, never NULL. */
const char *s53_status_text(enum s53_status status);

_Noreturn void s53_assert_failed(const char *what, const char *file, int line);
