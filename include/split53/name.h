/* SPDX-License-Identifier: ISC
 *
 * name.h - domain names in wire form, uncompressed.
 *
 * Layer    wire
 * Threads  any
 * Memory   plain values
 * Units    bytes; len counts the root's byte, so it is 1 .. 255 of a valid name
 * Sources  RFC 1035 s2.3.4, s3.1, s4.1.4, s5.1; RFC 4343 (letter case)
 */
#pragma once

#include <split53/cursor.h>
#include <split53/status.h>

#define S53_NAME_MAX 255
#define S53_LABEL_MAX 63
#define S53_NAME_TEXT (4 * S53_NAME_MAX + 1) /* every byte as \DDD, and the final NUL */

struct s53_name {
	uint8_t len; /* 0: no name yet */
	uint8_t octets[S53_NAME_MAX];
};

/* Copies only the bytes in use: most names are short. */
static inline void
s53_name_copy(struct s53_name *to, const struct s53_name *from)
{
	to->len = from->len;
	memcpy(to->octets, from->octets, from->len);
}

/*
 * Read the name at the reader, following compression pointers. Each must lead to before the labels
 * that it ends, so that reading always ends, and behind the 12 bytes of the header. The reader
 * advances behind the name, or its first pointer. A bad name sets the reader's error and returns
 * false; *out is then unspecified. Letter case is kept.
 */
bool s53_name_read(struct s53_reader *reader, struct s53_name *out);

/* The same without a copy: only skip the name and check that it is valid. */
bool s53_name_skip(struct s53_reader *reader);

/*
 * Is the (possibly compressed) name at the reader equal to `name`, ignoring letter case? Advances
 * behind it; a bad name is equal to none and sets the reader's error.
 */
bool s53_name_read_equal(struct s53_reader *reader, const struct s53_name *name);

/*
 * Are the names at two offsets of a message equal, ignoring letter case? They are compared label by
 * label until they differ or continue at the same offset; each pair of labels uses up one of
 * *steps. Also false when these are used up. The message passed s53_message_check().
 */
bool s53_name_equal_at(const struct s53_reader *message, size_t a, size_t b, unsigned *steps);

/*
 * Presentation form to wire: "www.example.", \DDD and \X escapes; a missing last dot is added; "."
 * is the root. S53_E_SYNTAX: empty label, label over 63, name over 255 bytes, bad escape.
 */
S53_MUST_USE enum s53_status s53_name_parse(const char *text, struct s53_name *out);

/*
 * Wire to presentation, without the last dot except for the root (as BIND logs names). Returns
 * `text`, which s53_name_parse() reads back to the same name.
 */
char *s53_name_print(const struct s53_name *name, char text[static S53_NAME_TEXT]);

void s53_name_lower(struct s53_name *name); /* A-Z only, RFC 4343 s3 */
void s53_name_lower_of(const struct s53_name *name, struct s53_name *out); /* a lowered copy */
bool s53_name_equal(const struct s53_name *a, const struct s53_name *b); /* ignores letter case */
/* Compare `len` bytes of labels in wire form, ignoring letter case. */
bool s53_name_octets_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool s53_name_same(const struct s53_name *a, const struct s53_name *b); /* with letter case */

/* Is `name` `apex` itself or below it? Whole labels only: "notconsul" is not below "consul". */
bool s53_name_is_at_or_below(const struct s53_name *name, const struct s53_name *apex);

unsigned s53_name_label_count(const struct s53_name *name); /* the root has 0 */

/* Remove the first `count` labels: 1 gives the parent. More labels than there are: the root. */
struct s53_name s53_name_ancestor(const struct s53_name *name, unsigned count);

/* 0x20: give each letter a random case. Sources: draft-vixie-dnsext-dns0x20. */
void s53_name_scramble(struct s53_name *name);
