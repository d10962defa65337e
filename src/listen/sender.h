/* SPDX-License-Identifier: ISC
 *
 * sender.h - sends the replies of one TCP connection to its client.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   replies are made in the pool's output buffer. Those of the connection that is being
 *          served (the gatherer) are gathered there and sent from there. Replies that the client
 *          does not read at once, and late replies until the end of the turn, are in the
 *          connection's backlog
 * Units    bytes
 *
 * One client may use at most 128 KiB: S53_BACKLOG_MAX bytes of replies and S53_POOL_INPUT bytes of
 * its input. The size of a reply is known only when it is made. Replies are expected to be as large
 * as earlier ones (usual_len), and only as many queries are handed over as would then fit. If the
 * replies of a client suddenly become large, and it does not read them as fast, it exceeds the
 * limit nevertheless: it overruns. Then the replies beyond the limit are dropped, and the
 * connection is closed after the kept ones, so the client learns at once that it must repeat the
 * other queries.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct s53_connection;

/* The buffer for the next reply of at most `cap` bytes. NULL: not possible. */
uint8_t *s53_sender_buffer(struct s53_connection *connection, size_t cap);

/* The buffer has a reply of `len` bytes: send or keep it. May close the connection. */
void s53_sender_add(struct s53_connection *connection, size_t len);

/* Send as much as the client accepts. May close the connection. */
void s53_sender_flush(struct s53_connection *connection);

/* The space for further replies, if those of the queries in flight have their usual size. */
size_t s53_sender_room(const struct s53_connection *connection);
