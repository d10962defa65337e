/* SPDX-License-Identifier: ISC
 *
 * form.h - the fields of rdata: where its names are.
 *
 * Layer    wire, private
 * Threads  any
 * Memory   constants
 * Sources  RFC 1035 s3.3, RFC 3597 s4 and the RFC of each type
 */
#pragma once

#include <split53/cursor.h>

struct s53_form {
	/*
	 * One letter a field: n a name, s a character string, 1 to 9 that many bytes,
	 * t character strings to the end, * anything to the end.
	 */
	const char *fields;
	bool compress; /* its names may be written compressed, RFC 3597 s4 */
};

struct s53_form s53_form_of(uint16_t type);

/*
 * Step over the fields before the next name. true: the reader is at that name and *fields behind
 * its letter. false: there is no other name; the fields ended, or the reader has an error. The
 * reader ends where the rdata ends.
 */
bool s53_form_next_name(const char **fields, struct s53_reader *rdata);
