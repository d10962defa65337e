/* SPDX-License-Identifier: ISC
 *
 * units.h - numbers, sizes and durations in the forms of named.conf.
 *
 * Layer    conf, private
 * Threads  any
 * Memory   none
 * Units    sizes in bytes, durations in seconds
 * Sources  BIND ARM: integer, size, duration; ISO 8601-1 s5.5.2 (durations)
 */
#pragma once

#include <stdint.h>

#include <split53/status.h>

/* All return S53_E_SYNTAX: something else; S53_E_RANGE: too large. *out is then untouched. */

/* 53, 0x35, 065: in C's notation, as BIND reads integers. */
S53_MUST_USE enum s53_status conf_number_parse(const char *text, uint64_t *out);

/* 512, 10k, 3M, 1g. */
S53_MUST_USE enum s53_status conf_size_parse(const char *text, uint64_t *out);

/* 3600, 1h30m, 2w3d, P1DT12H, PT90M, P2W. A year has 365 days and a month 30, as in BIND. */
S53_MUST_USE enum s53_status conf_duration_parse(const char *text, uint64_t *out);

/* 10% */
S53_MUST_USE enum s53_status conf_percent_parse(const char *text, uint64_t *out);
