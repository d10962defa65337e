/* SPDX-License-Identifier: ISC
 *
 * check.h - whether a reply is the correct one for its name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns.h"

enum bench_verdict {
	BENCH_RIGHT,
	BENCH_TRUNCATED, /* TC, and otherwise correct */
	BENCH_BAD_HEADER, /* too short, no response, another opcode, truncated records */
	BENCH_BAD_QUESTION, /* another question than that of the query */
	BENCH_FAILED, /* SERVFAIL, REFUSED and the like */
	BENCH_BAD_RCODE, /* NOERROR for NXDOMAIN or the reverse */
	BENCH_BAD_COUNT, /* number of records in a section */
	BENCH_BAD_RECORD, /* other records than the upstream sent */
	BENCH_BAD_EDNS, /* an OPT record without one in the query, or the reverse */
	BENCH_VERDICTS,
};

/* The name for statistics. */
const char *bench_verdict_word(enum bench_verdict verdict);

struct bench_asked {
	const uint8_t *query;
	size_t question_end;
	enum bench_kind kind;
	uint16_t type;
	bool edns;
};

/* The ID has been checked already. */
enum bench_verdict bench_reply_check(
    const struct bench_asked *asked, const uint8_t *reply, size_t len);
