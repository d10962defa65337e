/* SPDX-License-Identifier: ISC
 *
 * observe.h - records in a server's health what its exchanges and flows have shown.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   none
 * Units    ms
 *
 * Nothing is recorded for a query that was sent before this process was suspended.
 */
#pragma once

#include "exchanger.h"

/* Record `event` of this exchange. */
void s53_exchange_observe(
    const struct s53_exchange *exchange, enum s53_observed event, uint64_t now_ms);
/*
 * Record that the server answered. Nothing is recorded if `octets` is a header alone over UDP:
 * a sender that guesses port and ID can forge that.
 */
void s53_exchange_observe_reply(
    const struct s53_exchange *exchange, const uint8_t *octets, uint64_t now_ms);
/*
 * Record a timeout; GARBLED if something else arrived; nothing if the server is alive, or may be.
 */
void s53_exchange_observe_timeout(const struct s53_exchange *exchange, uint64_t now_ms);
/* Record and count that the response is overdue, once per exchange. */
void s53_exchange_observe_overdue(struct s53_exchange *exchange, uint64_t now_ms);
/*
 * Record `event` of a socket or connection that was last used at `used_ms`, once for all exchanges
 * on it, and even if there are none any more.
 */
void s53_endpoint_observe(struct s53_endpoint *endpoint, enum s53_protocol over,
    enum s53_observed event, uint64_t used_ms);
/* The same for a failure. Nothing is recorded if the cause is on this host. */
void s53_endpoint_observe_end(struct s53_endpoint *endpoint, enum s53_protocol over,
    enum s53_exchange_end end, uint64_t used_ms);
