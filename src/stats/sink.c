/* SPDX-License-Identifier: ISC
 *
 * sink.c - see sink.h.
 */
#include "sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 256
#define DIGITS_MAX 20
#define PLACES 9 /* decimal places of a second in ns */

static bool
make_room(struct s53_sink *sink, size_t len)
{
	size_t room = sink->room > 0 ? sink->room : ROOM_MIN;
	char *octets;

	if (sink->room - sink->len >= len)
		return true;
	while (room - sink->len < len)
		room *= 2;
	octets = sink->failed ? NULL : realloc(sink->octets, room);
	if (octets == NULL) {
		sink->failed = true;
		return false;
	}
	sink->octets = octets;
	sink->room = room;
	return true;
}

void
s53_sink_octets(struct s53_sink *sink, const char *octets, size_t len)
{
	if (len == 0 || !make_room(sink, len))
		return;
	memcpy(sink->octets + sink->len, octets, len);
	sink->len += len;
}

void
s53_sink_text(struct s53_sink *sink, const char *text)
{
	s53_sink_octets(sink, text, strlen(text));
}

/* printf() is too slow: a scrape can have 100,000 numbers. */
void
s53_sink_number(struct s53_sink *sink, uint64_t number)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	s53_sink_octets(sink, digits + at, sizeof(digits) - at);
}

void
s53_sink_seconds(struct s53_sink *sink, uint64_t ns)
{
	char places[1 + PLACES] = ".";
	uint64_t rest = ns % 1000000000;

	s53_sink_number(sink, ns / 1000000000);
	for (unsigned i = PLACES; i > 0; i--, rest /= 10)
		places[i] = (char)('0' + rest % 10);
	s53_sink_octets(sink, places, sizeof(places));
}

static void
write_escaped(struct s53_sink *sink, char octet)
{
	char text[8];

	if (octet == '\\' || octet == '"')
		snprintf(text, sizeof(text), "\\%c", octet);
	else if (octet == '\n')
		snprintf(text, sizeof(text), "\\n");
	else
		snprintf(text, sizeof(text), "\\\\x%02x", (unsigned char)octet);
	s53_sink_text(sink, text);
}

void
s53_sink_label(struct s53_sink *sink, const char *text)
{
	for (; *text != '\0'; text++) {
		bool plain = *text >= ' ' && *text < 0x7f && *text != '\\' && *text != '"';

		if (plain)
			s53_sink_octets(sink, text, 1);
		else
			write_escaped(sink, *text);
	}
}

void
s53_sink_fini(struct s53_sink *sink)
{
	free(sink->octets);
	*sink = (struct s53_sink){ 0 };
}
