/* SPDX-License-Identifier: ISC
 *
 * alias.h - what becomes of a response with CNAMEs or DNAMEs before it is stored.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   copies of messages are the fetch's, until it is freed
 * Sources  RFC 6672 s3.1 (a DNAME's CNAME)
 */
#pragma once

#include "fetch.h"

enum s53_alias_fate {
	S53_ALIAS_FINE, /* to be stored */
	S53_ALIAS_HELD, /* a bare chain is held back: wait on */
	S53_ALIAS_UNCLEAR, /* no answer: another server is to be queried */
	S53_ALIAS_BROKEN, /* it loops or is too long: the fetch has failed, its outcome says so */
};

/*
 * Judge the fetch's outcome, an answer without OPT. CNAMEs that its DNAMEs lack are added, which
 * may make it YXDOMAIN; `leads_on` is set.
 */
enum s53_alias_fate s53_alias_judge(struct s53_fetch *fetch);

/*
 * A response is held back, and another has failed or is overdue. S53_WAIT: a third may still come;
 * S53_REPLY: the one that was held back is stored, and is the outcome.
 */
enum s53_verdict s53_alias_release(struct s53_fetch *fetch);
