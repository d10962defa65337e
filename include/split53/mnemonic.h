/* SPDX-License-Identifier: ISC
 *
 * mnemonic.h - types and rcodes by their registered names.
 *
 * Layer    wire
 * Threads  any
 * Memory   the caller's
 * Sources  IANA, "Domain Name System (DNS) Parameters"; RFC 3597 s5 (TYPE65)
 */
#pragma once

#include <stdint.h>

#define S53_MNEMONIC_TEXT 16

/* "SOA" or "TYPE6" in any letter case; 0: no type of data has that name (ANY and OPT are none). */
uint16_t s53_type_parse(const char *word);

/* "SOA", or "TYPE65280". */
const char *s53_type_print(uint16_t type, char text[static S53_MNEMONIC_TEXT]);

/* "NXDOMAIN" in any letter case; -1: no rcode has that name. */
int s53_rcode_parse(const char *word);

/* "NXDOMAIN", or "12". */
const char *s53_rcode_print(unsigned rcode, char text[static S53_MNEMONIC_TEXT]);
