/* SPDX-License-Identifier: ISC
 *
 * cursor.h - bounded reading and writing of packet memory, with a sticky error. No other code
 * indexes into packets.
 *
 * Layer    wire
 * Threads  one owner
 * Memory   the bytes are the caller's
 * Units    bytes
 *
 * Read or write all fields, then test `bad` or `full` once: after the first overrun every read
 * returns 0 and does not advance, and every write does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <split53/header.h>

struct s53_reader {
	const uint8_t *octets;
	size_t len;
	size_t at;
	bool bad;
};

struct s53_writer {
	uint8_t *octets;
	size_t cap;
	size_t at;
	bool full;
};

/* An empty input may be NULL, but arithmetic on NULL is undefined: it is replaced by "". */
static inline struct s53_reader
s53_reader_of(const void *octets, size_t len)
{
	return (struct s53_reader){ .octets = octets == NULL ? "" : octets, .len = len };
}

static inline struct s53_writer
s53_writer_of(void *octets, size_t cap)
{
	return (struct s53_writer){ .octets = octets, .cap = cap };
}

/* Return `len` bytes and step over them; NULL when fewer are left. */
static inline const uint8_t *
s53_read(struct s53_reader *reader, size_t len)
{
	const uint8_t *here;

	if (reader->bad || len > reader->len - reader->at) {
		reader->bad = true;
		return NULL;
	}
	here = reader->octets + reader->at;
	reader->at += len;
	return here;
}

static inline uint8_t
s53_read_u8(struct s53_reader *reader)
{
	const uint8_t *here = s53_read(reader, 1);

	return here == NULL ? 0 : *here;
}

static inline uint16_t
s53_read_u16(struct s53_reader *reader)
{
	const uint8_t *here = s53_read(reader, 2);

	return here == NULL ? 0 : s53_u16_get(here);
}

static inline uint32_t
s53_read_u32(struct s53_reader *reader)
{
	const uint8_t *here = s53_read(reader, 4);

	return here == NULL ? 0 : s53_u32_get(here);
}

/* Step over `len` bytes and return their start for writing; NULL when fewer are left. */
static inline uint8_t *
s53_write_reserve(struct s53_writer *writer, size_t len)
{
	uint8_t *here;

	if (writer->full || len > writer->cap - writer->at) {
		writer->full = true;
		return NULL;
	}
	here = writer->octets + writer->at;
	writer->at += len;
	return here;
}

static inline void
s53_write(struct s53_writer *writer, const void *octets, size_t len)
{
	uint8_t *room = s53_write_reserve(writer, len);

	if (room != NULL && len > 0)
		memcpy(room, octets, len);
}

static inline void
s53_write_u8(struct s53_writer *writer, uint8_t value)
{
	s53_write(writer, &value, 1);
}

static inline void
s53_write_u16(struct s53_writer *writer, uint16_t value)
{
	uint8_t *room = s53_write_reserve(writer, 2);

	if (room != NULL)
		s53_u16_put(room, value);
}

static inline void
s53_write_u32(struct s53_writer *writer, uint32_t value)
{
	uint8_t *room = s53_write_reserve(writer, 4);

	if (room != NULL)
		s53_u32_put(room, value);
}
