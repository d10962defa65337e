/* SPDX-License-Identifier: ISC
 *
 * sender.h - the replies of one TCP connection on their way to its client.
 *
 * Layer    listen
 * Threads  the worker's own
 * Memory   replies are made in the pool's output buffer. Those of the connection that is served now
 *          (the gatherer) are gathered there and sent from there. What the client does not read at
 *          once, and late replies until the end of the turn, are in the connection's backlog
 * Units    bytes
 *
 * A client makes us keep at most 128 KiB: S53_BACKLOG_MAX bytes of replies and S53_POOL_INPUT bytes
 * of what it has sent. The size of a reply is known only when it is made. Replies are expected to
 * be like those before (usual_len), and no more queries are handed over than have room by this
 * measure. A client whose replies become large all at once, and that does not read them as fast,
 * exceeds the room nevertheless: it overruns. Then the replies beyond the room are dropped, and the
 * connection is closed behind those that were kept, so the client learns at once that it must ask
 * for the others again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct s53_connection;

/* Where the next reply is to be made, of at most `cap` bytes. NULL: not possible. */
uint8_t *s53_sender_buffer(struct s53_connection *connection, size_t cap);

/* There are `len` bytes of a reply in that buffer. May close the connection. */
void s53_sender_add(struct s53_connection *connection, size_t len);

/* Send what there is, as far as the client takes it. May close the connection. */
void s53_sender_flush(struct s53_connection *connection);

/* The room that is left for replies when those of the queries under way are made. */
size_t s53_sender_room(const struct s53_connection *connection);
