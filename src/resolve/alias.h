/* SPDX-License-Identifier: ISC
 *
 * alias.h - checks the CNAMEs and DNAMEs of a response before it is stored.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   copies of messages belong to the fetch until it is freed
 * Sources  RFC 6672 s3.1 (a DNAME's CNAME)
 */
#pragma once

#include "fetch.h"

enum s53_alias_fate {
	S53_ALIAS_FINE, /* may be stored */
	S53_ALIAS_HELD, /* a bare chain, held back: wait for another response */
	S53_ALIAS_UNCLEAR, /* ambiguous, no answer: query another server */
	S53_ALIAS_BROKEN, /* loops or is too long: the fetch has failed, and its outcome says so */
};

/*
 * Judge the chain in the fetch's outcome, a response without OPT. Adds the CNAMEs that are
 * missing beside its DNAMEs, which may turn it into YXDOMAIN; sets `leads_on`.
 */
enum s53_alias_fate s53_alias_judge(struct s53_fetch *fetch);

/*
 * A response is held back, and another server has failed or is overdue. S53_WAIT: a third response
 * may still come. S53_REPLY: the held response is stored and has become the outcome.
 */
enum s53_verdict s53_alias_release(struct s53_fetch *fetch);
