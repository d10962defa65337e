/* SPDX-License-Identifier: ISC
 *
 * step.h - past a name without looking where its pointer leads.
 *
 * Layer    wire, private
 * Threads  any
 * Memory   the octets are the caller's
 */
#pragma once

#include <split53/name.h>

/*
 * Step to the end of the name as it stands. Returns where its pointer stands, or the reader's new
 * place when it ends in the root: what lies before that are literal labels.
 */
static inline size_t
s53_name_step(struct s53_reader *reader)
{
	for (;;) {
		uint8_t length = s53_read_u8(reader);

		if (length == 0)
			return reader->at;
		if (length > S53_LABEL_MAX) {
			s53_read_u8(reader);
			return reader->bad ? reader->at : reader->at - 2;
		}
		s53_read(reader, length);
	}
}
