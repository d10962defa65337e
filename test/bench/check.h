/* SPDX-License-Identifier: ISC
 *
 * check.h - is this the answer that the name must have?
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns.h"

enum bench_verdict {
	BENCH_RIGHT,
	BENCH_TRUNCATED, /* TC, and nothing else is wrong */
	BENCH_BAD_HEADER, /* too short, no answer, another opcode, cut records */
	BENCH_BAD_QUESTION, /* not the octets that were asked */
	BENCH_FAILED, /* SERVFAIL, REFUSED and the like */
	BENCH_BAD_RCODE, /* NOERROR for NXDOMAIN or the reverse */
	BENCH_BAD_COUNT, /* of records in a section */
	BENCH_BAD_RECORD, /* not the records that the upstream gave */
	BENCH_BAD_EDNS, /* no OPT record though asked with one, or the reverse */
	BENCH_VERDICTS,
};

/* A word for statistics. */
const char *bench_verdict_word(enum bench_verdict verdict);

struct bench_asked {
	const uint8_t *query;
	size_t question_end;
	enum bench_kind kind;
	uint16_t type;
	bool edns;
};

/* The ID has been looked at already. */
enum bench_verdict bench_reply_check(
    const struct bench_asked *asked, const uint8_t *reply, size_t len);
