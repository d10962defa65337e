/* SPDX-License-Identifier: ISC
 *
 * late_reply.h - a cancelled exchange stays on its flow for a while and awaits its late reply.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   the exchange is recycled when the wait ends
 * Units    ms
 */
#pragma once

#include "exchanger.h"

#define S53_LATE_REPLIES_MAX 4096 /* cancelled exchanges that may await one at a time */

/*
 * Instead of ending an exchange that is cancelled, await its late reply. false: it cannot be
 * awaited; the exchange is unchanged.
 */
bool s53_late_reply_await(struct s53_exchange *exchange);
/* Has this reply the question of the exchange's query, but with other letter case? */
bool s53_late_reply_other_case(
    const struct s53_exchange *exchange, const uint8_t *octets, size_t len);
/* A message with the exchange's ID has arrived on its flow. */
void s53_late_reply_take(
    struct s53_exchange *exchange, const uint8_t *octets, size_t len, uint64_t now_ms);
/* End the wait; nothing is recorded. */
void s53_late_reply_forget(struct s53_exchange *exchange);
