/* SPDX-License-Identifier: ISC
 *
 * step.h - skip a name without following its pointer.
 *
 * Layer    wire, private
 * Threads  any
 * Memory   the bytes are the caller's
 */
#pragma once

#include <split53/name.h>

/*
 * Advance to the end of the name, or of its pointer. Returns the offset of the pointer, or the
 * reader's new position if it ends in the root: the bytes before that are uncompressed labels.
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
