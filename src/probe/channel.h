/* SPDX-License-Identifier: ISC
 *
 * channel.h - a c-ares channel on a libevent loop.
 *
 * Layer    probe, private to probe_run.c, probe_socket.c and host_lookup.c. Only these,
 *          channel.c and resolvconf.c use types of c-ares
 * Threads  main thread
 * Memory   embedded in its owner
 *
 * The channel queries only the servers that it is given, and caches nothing. While no query is
 * in flight, no event is armed. Builds with c-ares 1.18 to 1.34.
 */
#pragma once

/* ares_send() and ares_set_socket_functions(): 1.18 does not have their replacements in 1.34. */
#define CARES_NO_DEPRECATED

#include <ares.h>
#include <event2/event_struct.h>

#include <split53/addr.h>
#include <split53/list.h>

struct s53_channel {
	ares_channel ares;
	struct event_base *base;
	struct event timer; /* when c-ares has to process timeouts */
	struct s53_link fds;
	void (*processed)(void *arg);
	void *arg;
};

/*
 * Open a channel, without servers. `base`, `processed` and `arg` are set by the owner, the rest is
 * set here; `options` is completed with what all channels need. The loop calls `processed`, unless
 * NULL, after c-ares has processed events and its callbacks have returned: the channel may be
 * closed there, but not in a callback of c-ares. false: out of memory.
 */
bool s53_channel_open(struct s53_channel *channel, struct ares_options *options, int mask);

/* Queries in flight end with ARES_EDESTRUCTION, during the call. */
void s53_channel_close(struct s53_channel *channel);

/* To be called after a query was started. */
void s53_channel_arm(struct s53_channel *channel);

#define S53_CHANNEL_SERVERS_MAX 16

/*
 * Use these servers from now on; port 0 means 53. Queries in flight are cancelled. Addresses that
 * c-ares cannot express (before 1.24: with an interface) are left out. false: out of memory.
 */
bool s53_channel_set_servers(
    struct s53_channel *channel, const struct s53_addr *servers, unsigned count);
