/* SPDX-License-Identifier: ISC
 *
 * loop_test.h - the test whether a server sends our queries back. loop.h says when and why.
 *
 * Layer    resolve (private)
 * Threads  the fetch's worker; the sender of what comes back is left by whatever worker gets it
 * Memory   a test belongs to its fetch, which has at most one
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct s53_attempt;
struct s53_fetch;

/*
 * Send the attempt's server its query once more, with a label of this test in front of the name.
 * Not while a test of the fetch is under way, to a server that has had one for it, within a second
 * of the last for this view and server unless `at_once`, or without memory.
 */
void s53_loop_test(struct s53_attempt *attempt, bool at_once);

/* The sender that the fetch's test came back from, as a hash; 0: it has not come back. */
uint32_t s53_loop_test_result(const struct s53_fetch *fetch);

/* The fetch's test ends without a result; also without one. */
void s53_loop_test_end(struct s53_fetch *fetch);

/*
 * loop.c: the loop is proved: refuse what waits for the fetch and is its own query. false: the
 * fetch has ended, as nothing else waited.
 */
bool s53_loop_end(struct s53_fetch *fetch, uint32_t sender);
