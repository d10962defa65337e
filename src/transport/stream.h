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

/*
 * Write its query to the endpoint's connection, which is opened if there is none; or to one of
 * its own (lone.h), for which it may have to wait.
 */
void s53_stream_send(struct s53_exchange *exchange, uint64_t now_ms);
/* Has this connection carried other queries too? */
bool s53_stream_is_shared(const struct s53_flow *flow);
/* Send no more queries on this connection; it closes when it is empty. */
void s53_stream_retire(struct s53_flow *flow);
/* The response to this query has arrived on its connection. */
void s53_stream_note_reply(const struct s53_exchange *exchange, uint64_t now_ms);
/*
 * This query has timed out: its connection retires unless something has arrived there since it was
 * sent. true: the server answers one query per connection (lone.h); do not record the timeout.
 */
bool s53_stream_note_silence(const struct s53_exchange *exchange, uint64_t now_ms);
/* Retire the endpoint's connection if it is empty and was last used at `before_ms` or earlier. */
void s53_stream_sweep(struct s53_endpoint *endpoint, uint64_t before_ms);
