/* SPDX-License-Identifier: ISC
 *
 * faulty_answer.c - the answer to a query: a correct one, a failure, TC or garbage.
 */
#include <stdlib.h>
#include <string.h>

#include "faulty.h"

#define TTL 3600
#define SERVFAIL 2
#define REFUSED 5
#define KINDS_OF_GARBAGE 4

/* RFC 1035 s4.1.1: only header and question. */
static size_t
write_failure(
    const struct bench_question *question, const uint8_t *message, unsigned rcode, uint8_t *reply)
{
	memcpy(reply, message, question->end);
	bench_put16(reply + 2,
	    BENCH_QR | BENCH_RA | (bench_get16(message + 2) & (unsigned)BENCH_RD) | rcode);
	memset(reply + 6, 0, BENCH_HEADER - 6);
	return question->end;
}

static void
put_noise(uint8_t *at, const uint8_t *end)
{
	while (at < end)
		*at++ = (uint8_t)random();
}

/* A message that must not be accepted; the kinds take turns. */
static size_t
spoil(struct faulty *faulty, size_t question_end, uint8_t *reply, size_t len)
{
	switch (faulty->garbage++ % KINDS_OF_GARBAGE) {
	case 0: /* the right ID, then noise with the QR bit set */
		put_noise(reply + 4, reply + len);
		return len;
	case 1: /* truncated within a record */
		return len - 7;
	case 2: /* noise alone */
		put_noise(reply, reply + len);
		return len;
	default: /* counts of records that are missing */
		bench_put16(reply + 6, 17);
		return question_end;
	}
}

/*
 * Whether the answer to this name is too large for a datagram: its first letter after the prefix
 * decides.
 */
static bool
is_too_big(const struct faulty *faulty, const uint8_t *qname)
{
	const char *prefix = bench_kind_prefix(bench_kind_of(qname));
	size_t len = strlen(prefix);

	return len > 0 && qname[0] > len &&
	    (uint32_t)(qname[1 + len] | 0x20) < 'a' + faulty->mode.truncate;
}

/* RFC 2181 s9: TC, and no part of the answer. */
static size_t
cut(const struct bench_question *question, uint8_t *reply, size_t len)
{
	reply[2] |= BENCH_TC >> 8;
	memset(reply + 6, 0, 4);
	if (!question->edns)
		return question->end;
	memmove(reply + question->end, reply + len - BENCH_OPT_LEN, BENCH_OPT_LEN);
	return question->end + BENCH_OPT_LEN;
}

size_t
faulty_answer(struct faulty *faulty, const uint8_t *message, size_t len, bool tcp, uint8_t *reply)
{
	struct bench_rules rules = { .ttl = TTL, .tcp = tcp };
	struct bench_question question;

	if (!bench_question_read(message, len, &question))
		return 0;
	switch (faulty->mode.answers) {
	case FAULTY_SERVFAIL:
		return write_failure(&question, message, SERVFAIL, reply);
	case FAULTY_REFUSED:
		return write_failure(&question, message, REFUSED, reply);
	default:
		break;
	}
	len = bench_reply_write(&rules, &question, message, reply);
	if (faulty->mode.answers == FAULTY_GARBAGE)
		return spoil(faulty, question.end, reply, len);
	if (!tcp && is_too_big(faulty, message + BENCH_HEADER))
		return cut(&question, reply, len);
	return len;
}
