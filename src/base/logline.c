/* SPDX-License-Identifier: ISC
 *
 * logline.c - one log line in BIND's form; no text in it can control a terminal or forge a line.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "logline.h"

/*
 * Length of the UTF-8 character at `text` if it may be printed as it is; 0: a control character or
 * not UTF-8 (RFC 3629 s4: shortest form, no surrogates, at most U+10FFFF). It does not read beyond
 * the end of the string, since 0 is no continuation byte.
 */
static size_t
printable_len(const uint8_t *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;
	size_t len;

	if (text[0] < 0x80)
		return text[0] >= 0x20 && text[0] != 0x7f;
	if (text[0] >= 0xf8 || text[0] < 0xc0)
		return 0;
	len = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	code = text[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fU);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return code < 0xa0 ? 0 : len; /* U+0080 to U+009F are controls too */
}

size_t
logline_escape(char *line, size_t len, size_t max, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;

	while (*at != '\0') {
		size_t step = printable_len(at);

		if (len + (step > 0 ? step : 4) > max)
			break;
		if (step > 0) {
			memcpy(line + len, at, step);
			len += step;
			at += step;
		} else {
			line[len++] = '\\';
			line[len++] = (char)('0' + (*at >> 6));
			line[len++] = (char)('0' + (*at >> 3 & 7));
			line[len++] = (char)('0' + (*at & 7));
			at++;
		}
	}
	return len;
}

/* The date is formatted once a second and thread, since localtime_r() takes a lock. */
static size_t
local_date(char *out, size_t size, time_t second)
{
	static _Thread_local time_t known_second = -1;
	static _Thread_local char known[32];
	struct tm parts;

	if (second != known_second) {
		localtime_r(&second, &parts);
		strftime(known, sizeof(known), "%d-%b-%Y %H:%M:%S", &parts);
		known_second = second;
	}
	return (size_t)snprintf(out, size, "%s", known);
}

static size_t
print_time(char *out, size_t size, enum s53_log_time form, const struct timespec *now)
{
	int ms = (int)(now->tv_nsec / 1000000);
	struct tm parts;
	size_t len;

	if (form == S53_LOG_TIME_LOCAL) {
		len = local_date(out, size, now->tv_sec);
	} else {
		if (form == S53_LOG_TIME_ISO8601_UTC)
			gmtime_r(&now->tv_sec, &parts);
		else
			localtime_r(&now->tv_sec, &parts);
		len = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &parts);
	}
	len += (size_t)snprintf(out + len, size - len, ".%03d", ms);
	if (form == S53_LOG_TIME_ISO8601_TZINFO)
		return len + strftime(out + len, size - len, "%z ", &parts);
	return len +
	    (size_t)snprintf(
		out + len, size - len, "%s", form == S53_LOG_TIME_ISO8601_UTC ? "Z " : " ");
}

/* "error", "debug 3"; the latter is written to `text`. */
static const char *
severity_word(int severity, char text[static 32])
{
	static const char *const words[] = { "critical", "error", "warning", "notice", "info" };

	if (severity >= 0 && severity < S53_LOG_DEBUG)
		return words[severity];
	snprintf(text, 32, "debug %d", severity - S53_LOG_DEBUG + 1);
	return text;
}

static const char *
category_word(enum s53_log_category category)
{
	static const char *const words[] = {
#define CATEGORY_WORD(id, name) [S53_LOG_##id] = (name),
		S53_LOG_CATEGORIES(CATEGORY_WORD)
#undef CATEGORY_WORD
	};

	return words[category];
}

size_t
logline_prefix(char line[static LOGLINE_MAX], const struct s53_log_channel *channel,
    enum s53_log_category category, int severity, const struct timespec *now)
{
	const size_t max = 128; /* far more than the three parts need */
	char number[32];
	size_t len = 0;

	if (channel->print_time != S53_LOG_TIME_NONE)
		len += print_time(line, max, channel->print_time, now);
	if (channel->print_category)
		len += (size_t)snprintf(line + len, max - len, "%s: ", category_word(category));
	if (channel->print_severity)
		len += (size_t)snprintf(
		    line + len, max - len, "%s: ", severity_word(severity, number));
	return len;
}
