/* SPDX-License-Identifier: ISC
 *
 * decimal.h - parse unsigned decimal numbers; unlike strtoul() without blanks, signs and octal.
 *
 * Layer    base, private
 * Threads  any
 * Memory   none
 */
#pragma once

#include <stdbool.h>

/* Only digits, at most `max`. false: *out is untouched. */
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
