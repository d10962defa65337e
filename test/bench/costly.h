/* SPDX-License-Identifier: ISC
 *
 * costly.h - answers that a hostile server would have us cache: each is costly to serve.
 *
 * Memory   the caller's; nothing is allocated
 */
#pragma once

#include <split53/request.h>

/*
 * Write the answer of this kind, up to 64 KiB, and its question. Returns its length; 0: there is no
 * such kind. It passes s53_message_check().
 */
size_t costly_message(const char *name, uint8_t *octets, struct s53_question *question);

/* Name of the i-th kind; NULL: there are no more. */
const char *costly_kind(unsigned i);
