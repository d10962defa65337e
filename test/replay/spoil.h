/* SPDX-License-Identifier: ISC
 *
 * spoil.h - malformed replies for storms.
 */
#pragma once

#include <string.h>

#include <split53/header.h>

#include "fake_exchange.h"

/*
 * `dice` (below 2^16) decides: one reply in twelve is malformed, and half of the connections carry
 * other queries too. Returns the new length of the reply; `octets` has space for 3 more.
 */
static inline size_t
spoil(struct s53_exchange *exchange, unsigned dice, uint8_t *octets, size_t len)
{
	uint16_t flags = s53_header_flags(octets);

	exchange->shares = (dice & 1) != 0;
	dice >>= 1;
	switch (dice % 48) {
	case 0: /* TC, truncated anywhere, counts unchanged */
		s53_header_set_flags(octets, flags | S53_TC);
		return S53_HEADER_LEN + dice / 48 % (len - S53_HEADER_LEN + 1);
	case 1: /* a header with TC */
		s53_header_set_flags(octets, flags | S53_TC);
		memset(octets + 4, 0, S53_HEADER_LEN - 4);
		return S53_HEADER_LEN;
	case 2: /* bytes after it */
		memset(octets + len, 0xc0, 3);
		return len + 3;
	case 3: /* another question */
		octets[S53_HEADER_LEN + 1] ^= 1;
		return len;
	default:
		return len;
	}
}
