/* SPDX-License-Identifier: ISC
 *
 * compress.h - compression of names in a message that is being written.
 *
 * Layer    wire, private
 * Threads  one owner
 * Memory   the slots of the reply
 */
#pragma once

#include <split53/reply.h>

/* Write `name`, its end as a pointer if `may_point`; later names may point at it in any case. */
void s53_reply_name(struct s53_reply *reply, const struct s53_name *name, bool may_point);
