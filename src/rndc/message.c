/* SPDX-License-Identifier: ISC
 *
 * message.c - reading and writing messages.
 *
 * All entries that are used are in the three tables of the first level; deeper tables are skipped,
 * so there is no recursion. A key that occurs twice is an error: BIND uses the first or the last
 * entry, depending on the order of its list, and both ends must read the same.
 */
#include "sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/cursor.h>

#define VERSION 1

enum value_type { TYPE_BINARY = 1, TYPE_TABLE = 2 };

static const char *const number_keys[S53_RNDC_NUMBERS] = {
	[S53_RNDC_SERIAL] = "_ser",
	[S53_RNDC_SENT] = "_tim",
	[S53_RNDC_EXPIRES] = "_exp",
	[S53_RNDC_IS_REPLY] = "_rpl",
	[S53_RNDC_NONCE] = "_nonce",
};

static const char *const data_keys[S53_RNDC_DATA] = {
	[S53_RNDC_COMMAND] = "type",
	[S53_RNDC_FORMAT] = "format",
	[S53_RNDC_RESULT] = "result",
	[S53_RNDC_ERROR] = "err",
	[S53_RNDC_TEXT] = "text",
};

struct entry {
	struct s53_rndc_text key, value;
	uint8_t type;
};

/* Read the next entry of a table. false: there is none, or reader->bad. */
static bool
next_entry(struct s53_reader *reader, struct entry *entry)
{
	if (reader->bad || reader->at == reader->len)
		return false;
	entry->key.len = s53_read_u8(reader);
	entry->key.at = s53_read(reader, entry->key.len);
	entry->type = s53_read_u8(reader);
	entry->value.len = s53_read_u32(reader);
	entry->value.at = s53_read(reader, entry->value.len);
	return !reader->bad;
}

static bool
is_key(const struct entry *entry, const char *key)
{
	return entry->key.len == strlen(key) && memcmp(entry->key.at, key, entry->key.len) == 0;
}

/* A decimal number up to 2^32 - 1. */
static bool
read_number(const struct s53_rndc_text *text, uint32_t *out)
{
	uint64_t value = 0;

	if (text->len == 0 || text->len > 10)
		return false;
	for (size_t i = 0; i < text->len; i++) {
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text->at[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

static bool
read_auth(struct s53_rndc_message *message, const struct entry *entry)
{
	if (is_key(entry, "hmd5") && entry->type == TYPE_BINARY) {
		if (message->algorithm != 0 || entry->value.len != RNDC_MD5_LEN)
			return false;
		message->algorithm = S53_RNDC_MD5;
		message->signature = entry->value;
	} else if (is_key(entry, "hsha") && entry->type == TYPE_BINARY) {
		if (message->algorithm != 0 || entry->value.len != 1 + RNDC_SHA_LEN)
			return false;
		message->algorithm = entry->value.at[0];
		message->signature =
		    (struct s53_rndc_text){ entry->value.at + 1, entry->value.len - 1 };
		if (message->algorithm < S53_RNDC_SHA1 || message->algorithm > S53_RNDC_SHA512)
			return false;
	}
	return true;
}

static bool
read_ctrl(struct s53_rndc_message *message, const struct entry *entry)
{
	for (unsigned i = 0; i < S53_RNDC_NUMBERS; i++) {
		if (!is_key(entry, number_keys[i]))
			continue;
		if (message->has[i] || entry->type != TYPE_BINARY ||
		    !read_number(&entry->value, &message->number[i]))
			return false;
		message->has[i] = true;
	}
	return true;
}

static bool
read_data(struct s53_rndc_message *message, const struct entry *entry)
{
	for (unsigned i = 0; i < S53_RNDC_DATA; i++) {
		if (!is_key(entry, data_keys[i]))
			continue;
		if (message->data[i].at != NULL || entry->type != TYPE_BINARY)
			return false;
		message->data[i] = entry->value;
	}
	return true;
}

/* The tables of the first level. */
enum table { TABLE_AUTH, TABLE_CTRL, TABLE_DATA, TABLES };

static const struct {
	const char *key;
	bool (*read)(struct s53_rndc_message *message, const struct entry *entry);
} tables[TABLES] = {
	[TABLE_AUTH] = { "_auth", read_auth },
	[TABLE_CTRL] = { "_ctrl", read_ctrl },
	[TABLE_DATA] = { "_data", read_data },
};

static bool
read_table(struct s53_rndc_message *message, const struct entry *table, enum table which)
{
	struct s53_reader reader = s53_reader_of(table->value.at, table->value.len);
	struct entry entry;

	if (table->type != TYPE_TABLE)
		return false;
	while (next_entry(&reader, &entry))
		if (!tables[which].read(message, &entry))
			return false;
	return !reader.bad;
}

enum s53_status
s53_rndc_read(struct s53_rndc_message *message, const void *octets, size_t len)
{
	struct s53_reader reader = s53_reader_of(octets, len);
	bool seen[TABLES] = { false };
	struct entry entry;

	memset(message, 0, sizeof(*message));
	if (s53_read_u32(&reader) != VERSION || reader.bad)
		return S53_E_SYNTAX;
	for (bool first = true; next_entry(&reader, &entry); first = false)
		for (unsigned i = 0; i < TABLES; i++) {
			if (!is_key(&entry, tables[i].key))
				continue;
			if (seen[i] || (i == TABLE_AUTH && !first) ||
			    !read_table(message, &entry, (enum table)i))
				return S53_E_SYNTAX;
			seen[i] = true;
			if (i == TABLE_AUTH)
				message->is_signed =
				    (struct s53_rndc_text){ reader.octets + reader.at,
					    reader.len - reader.at };
		}
	return !reader.bad && seen[TABLE_CTRL] && seen[TABLE_DATA] ? S53_OK : S53_E_SYNTAX;
}

static void
write_entry(struct s53_writer *writer, const char *key, const void *value, size_t len)
{
	s53_write_u8(writer, (uint8_t)strlen(key));
	s53_write(writer, key, strlen(key));
	s53_write_u8(writer, TYPE_BINARY);
	s53_write_u32(writer, (uint32_t)len);
	s53_write(writer, value, len);
}

/* Begin a table. Returns the position of its length, which is written when the table ends. */
static size_t
begin_table(struct s53_writer *writer, const char *key)
{
	s53_write_u8(writer, (uint8_t)strlen(key));
	s53_write(writer, key, strlen(key));
	s53_write_u8(writer, TYPE_TABLE);
	s53_write_u32(writer, 0);
	return writer->at;
}

static void
put_len(struct s53_writer *writer, size_t begin)
{
	if (!writer->full)
		s53_u32_put(writer->octets + begin - 4, (uint32_t)(writer->at - begin));
}

/* Returns the position of the signature. */
static size_t
write_auth(struct s53_writer *writer, uint8_t algorithm)
{
	const uint8_t empty[1 + RNDC_SHA_LEN] = { algorithm };
	size_t begin = begin_table(writer, "_auth"), len = rndc_signature_len(algorithm);

	if (algorithm == S53_RNDC_MD5)
		write_entry(writer, "hmd5", empty, len);
	else
		write_entry(writer, "hsha", empty, 1 + len);
	put_len(writer, begin);
	return writer->at - len;
}

static void
write_ctrl(struct s53_writer *writer, const struct s53_rndc_message *message)
{
	size_t begin = begin_table(writer, "_ctrl");
	char text[16];

	for (unsigned i = 0; i < S53_RNDC_NUMBERS; i++)
		if (message->has[i])
			write_entry(writer, number_keys[i], text,
			    (size_t)snprintf(text, sizeof(text), "%u", message->number[i]));
	put_len(writer, begin);
}

static void
write_data(struct s53_writer *writer, const struct s53_rndc_message *message)
{
	size_t begin = begin_table(writer, "_data");

	for (unsigned i = 0; i < S53_RNDC_DATA; i++)
		if (message->data[i].at != NULL)
			write_entry(
			    writer, data_keys[i], message->data[i].at, message->data[i].len);
	put_len(writer, begin);
}

uint8_t *
s53_rndc_write(const struct s53_rndc_message *message, const struct s53_rndc_key *key, size_t *len)
{
	size_t cap = 512, signature = 0, signed_at;
	struct s53_writer writer;
	uint8_t *octets;

	for (unsigned i = 0; i < S53_RNDC_DATA; i++)
		cap += message->data[i].len;
	if (cap > S53_RNDC_HEAD + S53_RNDC_LONG_REPLY_MAX || (octets = malloc(cap)) == NULL)
		return NULL;
	writer = s53_writer_of(octets, cap);
	s53_write_u32(&writer, 0);
	s53_write_u32(&writer, VERSION);
	if (key != NULL)
		signature = write_auth(&writer, (uint8_t)key->algorithm);
	signed_at = writer.at;
	write_ctrl(&writer, message);
	write_data(&writer, message);
	s53_u32_put(octets, (uint32_t)(writer.at - S53_RNDC_HEAD));
	if (key != NULL) {
		uint8_t text[RNDC_SIGNATURE_MAX];

		if (rndc_sign(key, octets + signed_at, writer.at - signed_at, text) != S53_OK) {
			free(octets);
			return NULL;
		}
		memcpy(octets + signature, text, rndc_signature_len((uint8_t)key->algorithm));
	}
	S53_ASSERT(!writer.full);
	*len = writer.at;
	return octets;
}

struct s53_rndc_text
s53_rndc_text(const char *text)
{
	return (struct s53_rndc_text){ (const uint8_t *)text, strlen(text) };
}
