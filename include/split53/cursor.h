/* SPDX-License-Identifier: ISC
 *
 * cursor.h - the only hands that touch packet memory: bounded, with an error that sticks.
 *
 * Layer    wire
 * Threads  one owner
 * Memory   the octets are the caller's
 * Units    octets
 *
 * Read or write all fields, then look at `bad` or `full` once: after the first overrun every read
 * gives 0 and moves nothing, every write does nothing.
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

/* No octets may be NULL and 0: arithmetic on NULL is undefined, so another place stands for it. */
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

/* `len` octets and step over them; NULL when that many are not there. */
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

/* Room for `len` octets, stepped over; NULL when there is not. */
static inline uint8_t *
s53_write_room(struct s53_writer *writer, size_t len)
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
	uint8_t *room = s53_write_room(writer, len);

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
	uint8_t *room = s53_write_room(writer, 2);

	if (room != NULL)
		s53_u16_put(room, value);
}

static inline void
s53_write_u32(struct s53_writer *writer, uint32_t value)
{
	uint8_t *room = s53_write_room(writer, 4);

	if (room != NULL)
		s53_u32_put(room, value);
}
