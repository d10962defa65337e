/* SPDX-License-Identifier: ISC
 *
 * numbers.h - types of records by their names.
 *
 * Layer    conf, private; the way back, and rcodes, are in split53/conf.h
 * Threads  any
 * Memory   none
 */
#pragma once

#include <stdint.h>

/* "SOA" or "TYPE6" in any letter case; 0: there is no type of that name. */
uint16_t conf_type_number(const char *word);
