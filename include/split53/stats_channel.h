/* SPDX-License-Identifier: ISC
 *
 * stats_channel.h - the statistics channels: HTTP on the main loop.
 *
 * Layer    stats
 * Threads  main thread
 * Memory   a channel owns its socket and takes a count of its access list. All channels share the
 *          limits: S53_STATS_CONNECTIONS open connections, S53_STATS_REPLIES replies in progress
 * Sources  RFC 9110, RFC 9112
 *
 * HTTP is libevent's. A request has at most 8 KiB of headers and 1 KiB of body, and 10 s for each
 * of its parts; GET and HEAD are served. When all connections are in use, the one that has been
 * idle longest is closed for a new one. Long replies are written in turns of the loop, each when
 * the client has read the one before.
 */
#pragma once

#include <split53/stats.h>
#include <split53/status.h>

struct event_base;
struct s53_acl;
struct s53_stats_channel;
struct s53_stats_server_http;

#define S53_STATS_CONNECTIONS 64
#define S53_STATS_REPLIES 8

/* `source` is copied, but for its `http`, which is ours. NULL: no memory or descriptors. */
struct s53_stats_server_http *s53_stats_http_new(
    struct event_base *base, const struct s53_stats_source *source);
void s53_stats_http_free(struct s53_stats_server_http *server); /* NULL is fine */

/* The source for the dump and the control channel, which includes the counters of the channels. */
const struct s53_stats_source *s53_stats_http_source(const struct s53_stats_server_http *server);

/*
 * Serve `fd`, a listening socket, for the clients that `allow` includes (NULL: all). The call takes
 * over the socket, also on failure. NULL: no memory or descriptors.
 */
struct s53_stats_channel *s53_stats_channel_open(
    struct s53_stats_server_http *server, int fd, struct s53_acl *allow);
void s53_stats_channel_allow(struct s53_stats_channel *channel, struct s53_acl *allow);
/* Its connections are closed, too. */
void s53_stats_channel_close(struct s53_stats_channel *channel);
