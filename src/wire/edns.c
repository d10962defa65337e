/* SPDX-License-Identifier: ISC
 *
 * edns.c - read and write the OPT record.
 */
#include <split53/edns.h>

#include <split53/header.h>

#define DNSSEC_OK 0x8000u
#define OPTION_HEADER 4
#define FIXED_LEN (S53_OPT_LEN - 2) /* of an OPT up to the length of its options */
#define TEXT_MAX 255 /* of an extended error's or a server identifier's text */

enum { OPTION_NSID = 3, OPTION_KEEPALIVE = 11, OPTION_EDE = 15 };

bool
s53_edns_read(struct s53_reader *reader, struct s53_edns *out)
{
	struct s53_edns edns = { .present = true };
	uint16_t flags;
	size_t end;

	edns.udp_size = s53_read_u16(reader);
	edns.rcode_high = s53_read_u8(reader);
	edns.version = s53_read_u8(reader);
	flags = s53_read_u16(reader);
	end = s53_read_u16(reader);
	end += reader->at;
	while (!reader->bad && reader->at < end) {
		uint16_t code = s53_read_u16(reader);

		s53_read(reader, s53_read_u16(reader));
		edns.nsid |= code == OPTION_NSID;
		edns.keepalive |= code == OPTION_KEEPALIVE;
	}
	if (reader->bad || reader->at != end) {
		reader->bad = true;
		return false;
	}
	if (edns.udp_size < S53_EDNS_MIN)
		edns.udp_size = S53_EDNS_MIN;
	edns.dnssec_ok = (flags & DNSSEC_OK) != 0;
	*out = edns;
	return true;
}

static void
read_error(const uint8_t *octets, size_t len, struct s53_extended_error *out)
{
	size_t text_len = len - 2 < S53_ERROR_TEXT_MAX ? len - 2 : S53_ERROR_TEXT_MAX;

	out->code = s53_u16_get(octets);
	for (size_t i = 0; i < text_len; i++) {
		uint8_t octet = octets[2 + i];

		out->text[i] = octet >= ' ' && octet <= '~' ? (char)octet : '?';
	}
	out->text[text_len] = '\0';
}

bool
s53_edns_find_errors(const uint8_t *message, size_t len, size_t opt_at, uint32_t *codes,
    struct s53_extended_error *first)
{
	struct s53_reader reader = s53_reader_of(message, len);
	bool found = false;
	size_t end;

	*codes = 0;
	if (opt_at == 0)
		return false;
	s53_read(&reader, opt_at + FIXED_LEN);
	end = s53_read_u16(&reader);
	end += reader.at;
	while (!reader.bad && reader.at < end) {
		uint16_t code = s53_read_u16(&reader), option_len = s53_read_u16(&reader);
		const uint8_t *option = s53_read(&reader, option_len);

		if (option == NULL || code != OPTION_EDE || option_len < 2)
			continue;
		if (!found)
			read_error(option, option_len, first);
		found = true;
		if (s53_u16_get(option) < 32)
			*codes |= UINT32_C(1) << s53_u16_get(option);
	}
	return found;
}

static size_t
text_len(const char *text)
{
	return text == NULL ? 0 : strnlen(text, TEXT_MAX);
}

size_t
s53_edns_reply_len(const struct s53_edns_reply *reply)
{
	size_t len = S53_OPT_LEN;

	if (reply->ede_code != S53_EDE_NONE)
		len += OPTION_HEADER + 2 + text_len(reply->ede_text);
	if (reply->upstream_error != NULL)
		len += OPTION_HEADER + 2 + text_len(reply->upstream_error->text);
	if (reply->keepalive >= 0)
		len += OPTION_HEADER + 2;
	if (reply->nsid != NULL)
		len += OPTION_HEADER + text_len(reply->nsid);
	return len;
}

static void
write_error(struct s53_writer *writer, uint16_t code, const char *text)
{
	s53_write_u16(writer, OPTION_EDE);
	s53_write_u16(writer, (uint16_t)(2 + text_len(text)));
	s53_write_u16(writer, code);
	s53_write(writer, text, text_len(text));
}

static void
write_options(struct s53_writer *writer, const struct s53_edns_reply *reply)
{
	const struct s53_extended_error *upstream = reply->upstream_error;

	if (reply->ede_code != S53_EDE_NONE)
		write_error(writer, reply->ede_code, reply->ede_text);
	if (upstream != NULL)
		write_error(writer, upstream->code, upstream->text);
	if (reply->keepalive >= 0) {
		s53_write_u16(writer, OPTION_KEEPALIVE);
		s53_write_u16(writer, 2);
		s53_write_u16(
		    writer, reply->keepalive > 0xffff ? 0xffff : (uint16_t)reply->keepalive);
	}
	if (reply->nsid != NULL) {
		s53_write_u16(writer, OPTION_NSID);
		s53_write_u16(writer, (uint16_t)text_len(reply->nsid));
		s53_write(writer, reply->nsid, text_len(reply->nsid));
	}
}

void
s53_edns_write(struct s53_writer *writer, const struct s53_edns_reply *reply)
{
	size_t len = s53_edns_reply_len(reply);

	if (writer->full || len > writer->cap - writer->at) {
		writer->full = true;
		return;
	}
	s53_write_u8(writer, 0); /* the root, RFC 6891 s6.1.2 */
	s53_write_u16(writer, S53_TYPE_OPT);
	s53_write_u16(writer, reply->udp_size);
	s53_write_u8(writer, (uint8_t)(reply->rcode >> 4));
	s53_write_u8(writer, 0); /* version */
	s53_write_u16(writer, reply->dnssec_ok ? DNSSEC_OK : 0);
	s53_write_u16(writer, (uint16_t)(len - S53_OPT_LEN));
	write_options(writer, reply);
}
