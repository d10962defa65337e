/* SPDX-License-Identifier: ISC
 *
 * cause.h - why the servers of a fetch have failed, each with its own cause: the text of the
 * extended error that goes with SERVFAIL (RFC 8914 s2), and the log's.
 *
 * Layer    resolve (private)
 * Threads  the fetch's worker
 * Memory   part of the fetch; texts of causes are static
 */
#pragma once

#include <stdint.h>

#define S53_CAUSES_MAX 4 /* servers; more than fit into the text */

/* The server is proved to forward our queries back to us (loop.h). */
#define S53_CAUSE_LOOP "sends our queries back to us: a forwarding loop"

struct s53_attempt;
struct s53_fetch;

/* Of one server, which it follows in the text: "192.0.2.1#53 refuses: nothing listens there". */
struct s53_cause {
	const char *text; /* static; NULL: the rcode is what failed */
	uint16_t rcode;
	uint8_t server; /* in the fetch's group */
};

struct s53_causes {
	struct s53_cause each[S53_CAUSES_MAX]; /* in the order in which the servers failed */
	unsigned count;
};

/*
 * The server of this attempt has failed with `text`, or (text NULL) with `rcode`; `ede` is the
 * extended error. What the same server failed with before is replaced.
 */
void s53_cause_add(
    const struct s53_attempt *attempt, uint16_t ede, const char *text, uint16_t rcode);

/*
 * The fetch has failed: put the causes into fetch->ede_text, with those of servers whose responses
 * are still outstanding and of those that were not asked.
 */
void s53_causes_tell(struct s53_fetch *fetch);
