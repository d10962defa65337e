/* SPDX-License-Identifier: ISC
 *
 * units.c - numbers, sizes, durations and rcodes in the forms of named.conf.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <split53/conf.h>
#include <split53/mnemonic.h>

#include "units.h"

static int
digit_of(char octet, unsigned base)
{
	int value = -1;

	if (octet >= '0' && octet <= '9')
		value = octet - '0';
	else if (octet >= 'a' && octet <= 'f')
		value = octet - 'a' + 10;
	else if (octet >= 'A' && octet <= 'F')
		value = octet - 'A' + 10;
	return value < (int)base ? value : -1;
}

/* Parse the digits at *text and advance it behind them. */
static enum s53_status
digits_parse(const char **text, unsigned base, uint64_t *out)
{
	const char *at = *text;
	uint64_t number = 0;

	if (digit_of(*at, base) < 0)
		return S53_E_SYNTAX;
	for (; digit_of(*at, base) >= 0; at++) {
		if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
		    __builtin_add_overflow(number, (uint64_t)digit_of(*at, base), &number))
			return S53_E_RANGE;
	}
	*text = at;
	*out = number;
	return S53_OK;
}

enum s53_status
conf_number_parse(const char *text, uint64_t *out)
{
	unsigned base = 10;
	uint64_t number;
	enum s53_status status;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1] != '\0') {
		base = 8;
	}
	if ((status = digits_parse(&text, base, &number)) != S53_OK)
		return status;
	if (*text != '\0')
		return S53_E_SYNTAX;
	*out = number;
	return S53_OK;
}

static char
lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
}

enum s53_status
conf_size_parse(const char *text, uint64_t *out)
{
	uint64_t number, unit = 1;
	enum s53_status status = digits_parse(&text, 10, &number);

	if (status != S53_OK)
		return status;
	switch (lower(*text)) {
	case 'k':
		unit = (uint64_t)1 << 10;
		break;
	case 'm':
		unit = (uint64_t)1 << 20;
		break;
	case 'g':
		unit = (uint64_t)1 << 30;
		break;
	case '\0':
		*out = number;
		return S53_OK;
	default:
		return S53_E_SYNTAX;
	}
	if (text[1] != '\0')
		return S53_E_SYNTAX;
	if (__builtin_mul_overflow(number, unit, &number))
		return S53_E_RANGE;
	*out = number;
	return S53_OK;
}

/* Add "N unit" at *text to *total; the unit is one of `letters`, worth as many `seconds`. */
static enum s53_status
unit_add(const char **text, const char *letters, const uint32_t *seconds, uint64_t *total)
{
	uint64_t number;
	enum s53_status status = digits_parse(text, 10, &number);
	const char *found;

	if (status != S53_OK)
		return status;
	if (**text == '\0' || (found = strchr(letters, lower(**text))) == NULL)
		return S53_E_SYNTAX;
	++*text;
	if (__builtin_mul_overflow(number, (uint64_t)seconds[found - letters], &number) ||
	    __builtin_add_overflow(*total, number, total))
		return S53_E_RANGE;
	return S53_OK;
}

/* What follows the P: [nY][nM][nD][T[nH][nM][nS]] or nW. */
static enum s53_status
iso_parse(const char *text, uint64_t *out)
{
	static const uint32_t day_seconds[] = { 31536000, 2592000, 604800, 86400 };
	static const uint32_t time_seconds[] = { 3600, 60, 1 };
	bool timed = false;
	uint64_t total = 0;
	enum s53_status status;

	if (*text == '\0')
		return S53_E_SYNTAX;
	while (*text != '\0') {
		if (lower(*text) == 't' && !timed) {
			timed = true;
			text++;
			continue;
		}
		status = unit_add(
		    &text, timed ? "hms" : "ymwd", timed ? time_seconds : day_seconds, &total);
		if (status != S53_OK)
			return status;
	}
	*out = total;
	return S53_OK;
}

enum s53_status
conf_duration_parse(const char *text, uint64_t *out)
{
	static const uint32_t seconds[] = { 604800, 86400, 3600, 60, 1 };
	const char *plain = text;
	uint64_t total = 0;
	enum s53_status status;

	if (lower(*text) == 'p')
		return iso_parse(text + 1, out);
	if ((status = digits_parse(&plain, 10, &total)) == S53_OK && *plain == '\0') {
		*out = total;
		return S53_OK;
	}
	if (status != S53_OK)
		return status;
	total = 0;
	do {
		if ((status = unit_add(&text, "wdhms", seconds, &total)) != S53_OK)
			return status;
	} while (*text != '\0');
	*out = total;
	return S53_OK;
}

enum s53_status
conf_percent_parse(const char *text, uint64_t *out)
{
	uint64_t number;
	enum s53_status status = digits_parse(&text, 10, &number);

	if (status != S53_OK)
		return status;
	if (strcmp(text, "%") != 0)
		return S53_E_SYNTAX;
	*out = number;
	return S53_OK;
}

int
s53_conf_rcode(const char *word)
{
	int rcode = s53_rcode_parse(word);
	uint64_t number;

	if (rcode >= 0)
		return rcode;
	if (conf_number_parse(word, &number) != S53_OK || number > S53_CONF_RCODE_MAX)
		return -1;
	return (int)number;
}
