/* SPDX-License-Identifier: ISC
 *
 * decimal.h - unsigned decimal numbers without strtoul's liberties (blanks, signs, octal).
 *
 * Layer    base, private
 * Threads  any
 * Memory   none
 */
#pragma once

#include <stdbool.h>

/* Digits alone, at most `max`. False: *out is untouched. */
static inline bool
decimal_parse(const char *text, unsigned long max, unsigned long *out)
{
	unsigned long value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}
