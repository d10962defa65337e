/* SPDX-License-Identifier: ISC
 *
 * lone.h - queries over TCP that get a connection of their own, and servers that need that.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   a lone connection belongs to its exchange; what waits for one is in the endpoint's list
 * Units    ms
 */
#pragma once

#include "exchanger.h"

#define S53_LONE_MAX 64 /* lone connections of an endpoint at once; further queries wait */

/* Is this query to get a connection of its own? */
bool s53_lone_is_wanted(const struct s53_exchange *exchange, uint64_t now_ms);
/*
 * Take a place for a lone connection. false: all are taken; the exchange waits, on no flow, and is
 * sent by s53_stream_send() when one is free.
 */
bool s53_lone_enter(struct s53_exchange *exchange);
/* A place is free: the next query that waits is sent. */
void s53_lone_leave(struct s53_endpoint *endpoint, uint64_t now_ms);
/* The response to this query came over a lone connection, or over a shared one. */
void s53_lone_note_reply(const struct s53_exchange *exchange, bool lone, uint64_t now_ms);
/*
 * This query was acknowledged by the server's host on a connection with others, and got no response
 * in time. true: one that was sent later, on a connection of its own, got one; so the server is
 * remembered as one that answers a query per connection, and lives.
 */
bool s53_lone_note_silence(const struct s53_exchange *exchange, uint64_t now_ms);
