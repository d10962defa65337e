/* SPDX-License-Identifier: ISC
 *
 * loop_test.h - tests whether a server sends our queries back. loop.h says when and why.
 *
 * Layer    resolve (private)
 * Threads  the fetch's worker; any worker may get the test back, and stores its sender
 * Memory   a test belongs to its fetch, which has at most one
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct s53_attempt;
struct s53_fetch;

/*
 * Send the attempt's server its query again, with a label of this test in front of the name. Does
 * nothing while another test of the fetch is in flight, if the server was tested for this fetch
 * already, within a second of the last test for this view and server (unless `at_once`), and if out
 * of memory.
 */
void s53_loop_test(struct s53_attempt *attempt, bool at_once);

/* The hash of the sender that the fetch's test came back from; 0: it has not come back. */
uint32_t s53_loop_test_result(const struct s53_fetch *fetch);

/* End the fetch's test, if it has one, without a result. */
void s53_loop_test_end(struct s53_fetch *fetch);

/*
 * loop.c: the loop is proved: refuse the waiting queries that are the fetch's own. false: the
 * fetch has ended, as no other query waited.
 */
bool s53_loop_end(struct s53_fetch *fetch, uint32_t sender);
