/* SPDX-License-Identifier: ISC
 *
 * cause.h - why the servers of a fetch have failed, each with its own cause: for the text of
 * the extended error in a SERVFAIL (RFC 8914 s2), and for the log.
 *
 * Layer    resolve (private)
 * Threads  the fetch's worker
 * Memory   part of the fetch; texts of causes are static
 */
#pragma once

#include <stdint.h>

#define S53_CAUSES_MAX 4 /* servers; the text has no space for more */

/* The server is proved to forward our queries back to us (loop.h). */
#define S53_CAUSE_LOOP "forwards our queries back to us (forwarding loop)"

struct s53_attempt;
struct s53_fetch;

/*
 * The cause of one server; the text follows its address: "192.0.2.1#53 refuses: nothing listens
 * there".
 */
struct s53_cause {
	const char *text; /* static; NULL: the server failed with `rcode` */
	uint16_t rcode;
	uint8_t server; /* index in the fetch's group */
};

struct s53_causes {
	struct s53_cause each[S53_CAUSES_MAX]; /* in the order in which the servers failed */
	unsigned count;
};

/*
 * The server of this attempt has failed with `text`, or (text NULL) with `rcode`; `ede` is the
 * extended error's code. Replaces an earlier cause of the same server.
 */
void s53_cause_add(
    const struct s53_attempt *attempt, uint16_t ede, const char *text, uint16_t rcode);

/*
 * The fetch has failed: write the causes into fetch->ede_text, and also the servers with
 * outstanding responses and those that were not queried because they are down.
 */
void s53_causes_write(struct s53_fetch *fetch);
