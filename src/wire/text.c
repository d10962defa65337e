/* SPDX-License-Identifier: ISC
 *
 * text.c - domain names as text and back (RFC 1035 s5.1, RFC 4343 s2.1).
 */
#include <split53/name.h>

/* \DDD or \X, `*text` after the backslash. Returns the byte; -1: it is neither. */
static int
parse_escape(const char **text)
{
	const char *at = *text;
	int value = 0;

	if (*at == '\0')
		return -1;
	if (*at < '0' || *at > '9') {
		*text = at + 1;
		return (unsigned char)*at;
	}
	for (int digit = 0; digit < 3; digit++, at++) {
		if (*at < '0' || *at > '9')
			return -1;
		value = 10 * value + (*at - '0');
	}
	*text = at;
	return value > 255 ? -1 : value;
}

/* Read one label into `label`, up to the dot or the end. Returns its length; 0: it is invalid. */
static size_t
parse_label(const char **text, uint8_t label[static S53_LABEL_MAX])
{
	size_t len = 0;

	while (**text != '\0' && **text != '.') {
		int octet = (unsigned char)*(*text)++;

		if (octet == '\\' && (octet = parse_escape(text)) < 0)
			return 0;
		if (len == S53_LABEL_MAX)
			return 0;
		label[len++] = (uint8_t)octet;
	}
	return len;
}

enum s53_status
s53_name_parse(const char *text, struct s53_name *out)
{
	struct s53_name name;
	struct s53_writer writer = s53_writer_of(name.octets, S53_NAME_MAX);
	uint8_t label[S53_LABEL_MAX];

	if (text[0] == '.' && text[1] == '\0')
		text++;
	else if (*text == '\0')
		return S53_E_SYNTAX;
	while (*text != '\0') {
		size_t len = parse_label(&text, label);

		if (len == 0)
			return S53_E_SYNTAX;
		s53_write_u8(&writer, (uint8_t)len);
		s53_write(&writer, label, len);
		if (*text == '.')
			text++;
	}
	s53_write_u8(&writer, 0);
	if (writer.full)
		return S53_E_SYNTAX;
	name.len = (uint8_t)writer.at;
	out->len = name.len;
	memcpy(out->octets, name.octets, name.len);
	return S53_OK;
}

/* Print one byte of a label at `text`; characters with a meaning in zone files are escaped. */
static char *
print_octet(char *text, uint8_t octet)
{
	if (octet <= ' ' || octet >= 0x7f) {
		*text++ = '\\';
		*text++ = (char)('0' + octet / 100);
		*text++ = (char)('0' + octet / 10 % 10);
		*text++ = (char)('0' + octet % 10);
		return text;
	}
	if (strchr(".\\\"();@$", octet) != NULL)
		*text++ = '\\';
	*text++ = (char)octet;
	return text;
}

char *
s53_name_print(const struct s53_name *name, char text[static S53_NAME_TEXT])
{
	struct s53_reader reader = s53_reader_of(name->octets, name->len);
	char *at = text;

	for (uint8_t left = s53_read_u8(&reader); left > 0; left = s53_read_u8(&reader)) {
		if (at > text)
			*at++ = '.';
		while (left-- > 0)
			at = print_octet(at, s53_read_u8(&reader));
	}
	if (at == text)
		*at++ = '.';
	*at = '\0';
	return text;
}
