/* SPDX-License-Identifier: ISC
 *
 * compress.h - names in a message being written.
 *
 * Layer    wire, private
 * Threads  one owner
 * Memory   the slots of the reply
 */
#pragma once

#include <split53/reply.h>

/* Write `name`, its tail as a pointer when `may_point`; either way later names may point at it. */
void s53_reply_name(struct s53_reply *reply, const struct s53_name *name, bool may_point);
