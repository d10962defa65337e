/* SPDX-License-Identifier: ISC
 *
 * stream.h - the TCP connection of an endpoint.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   a stream belongs to its endpoint until it retires, then to its exchanges
 * Units    ms
 * Sources  RFC 7766
 */
#pragma once

#include "flow.h"

/* Write its query to the endpoint's connection; opens one when there is none. */
void s53_stream_send(struct s53_exchange *exchange, uint64_t now_ms);
/*
 * A query that was sent on this connection at `sent_at_ms` timed out: retire the connection unless
 * something has arrived on it since.
 */
void s53_stream_retire_if_silent(struct s53_flow *flow, uint64_t sent_at_ms);
/* Retire the endpoint's connection when it is empty and was last used at `before_ms` or earlier. */
void s53_stream_sweep(struct s53_endpoint *endpoint, uint64_t before_ms);
