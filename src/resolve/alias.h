/* SPDX-License-Identifier: ISC
 *
 * alias.h - a response whose chain of CNAMEs is bare waits for a better one.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   copies of messages belong to the fetch until it is freed
 */
#pragma once

#include "fetch.h"

/*
 * The fetch's outcome, without OPT, is a bare chain (chain.h). true: it is held back, as another
 * server still has time to answer. false: it is the answer.
 */
bool s53_alias_hold(struct s53_fetch *fetch);

/*
 * A response is held back, and another server has failed or is overdue. S53_WAIT: a third response
 * may still come. S53_REPLY: the held response is stored and has become the outcome.
 */
enum s53_verdict s53_alias_release(struct s53_fetch *fetch);
