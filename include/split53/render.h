/* SPDX-License-Identifier: ISC
 *
 * render.h - the records of a message as the lines of a master file.
 *
 * Layer    zone: ldns writes the text. Allocates for each record: for dumps and logs, never for a
 *          packet
 * Threads  any
 * Memory   nothing is kept
 * Units    seconds (TTL)
 * Sources  RFC 1035 s5.1, RFC 3597 s5 (what ldns does not know), BIND's cache dump for the comments
 */
#pragma once

#include <stdio.h>

#include <split53/message.h>

/*
 * Write each record of a message that passed s53_message_check(), but an OPT, as one line, with
 * its TTL lowered by `age_s` (not below 0). false: out of memory, or the stream has an error.
 */
S53_MUST_USE bool s53_render_records(FILE *out, const uint8_t *message, size_t len, uint32_t age_s);
