/* SPDX-License-Identifier: ISC
 *
 * lone.h - queries over TCP that get a connection of their own, and servers that need that.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   a lone connection belongs to its exchange; exchanges that wait for one are in the
 *          endpoint's list
 * Units    ms
 */
#pragma once

#include "exchanger.h"

#define S53_LONE_MAX 64 /* lone connections of an endpoint at once; further queries wait */

/* Must this query get a connection of its own? */
bool s53_lone_is_wanted(const struct s53_exchange *exchange, uint64_t now_ms);
/*
 * Reserve one of the S53_LONE_MAX lone connections. false: none is free; the exchange waits, on no
 * flow, and is sent by s53_stream_send() when one is.
 */
bool s53_lone_enter(struct s53_exchange *exchange);
/* A lone connection has closed: send the next exchange that waits for one. */
void s53_lone_leave(struct s53_endpoint *endpoint, uint64_t now_ms);
/* The response to this query has arrived on a lone connection, or on a shared one. */
void s53_lone_note_reply(const struct s53_exchange *exchange, bool lone, uint64_t now_ms);
/*
 * This query was acknowledged by the server's host on a shared connection, and got no response in
 * time. true: a query that was sent later, on a connection of its own, got one; so the server is
 * remembered as one that answers one query per connection, and counts as alive.
 */
bool s53_lone_note_silence(const struct s53_exchange *exchange, uint64_t now_ms);
