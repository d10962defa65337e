/* SPDX-License-Identifier: ISC
 *
 * channel.h - a c-ares channel on a libevent loop.
 *
 * Layer    probe, private to asker.c and prober.c. No type of c-ares goes further than these,
 *          channel.c and resolvconf.c
 * Threads  main thread
 * Memory   embedded by its owner
 *
 * It asks the servers that it is given and no others, and keeps no cache. Nothing is armed while
 * nothing is asked. Builds with c-ares 1.18 to 1.34.
 */
#pragma once

/* ares_send() and ares_set_socket_functions(): what 1.34 has in their place is not in 1.18. */
#define CARES_NO_DEPRECATED

#include <ares.h>
#include <event2/event_struct.h>

#include <split53/addr.h>
#include <split53/list.h>

struct s53_channel {
	ares_channel ares;
	struct event_base *base;
	struct event timer; /* when c-ares wants to be called next */
	struct s53_link fds;
	void (*turned)(void *arg);
	void *arg;
};

/*
 * Without servers until they are given. The loop calls `turned`, unless NULL, when c-ares has
 * worked and its callbacks have returned: there the channel may be closed, which in a callback of
 * c-ares it must not. `base`, `turned` and `arg` are set by the owner, the rest is written here;
 * `options` get what all channels have. false: no memory.
 */
bool s53_channel_open(struct s53_channel *channel, struct ares_options *options, int mask);

/* What is asked yet ends with ARES_EDESTRUCTION, from inside the call. */
void s53_channel_close(struct s53_channel *channel);

/* To be called when something has been asked. */
void s53_channel_arm(struct s53_channel *channel);

#define S53_CHANNEL_SERVERS_MAX 16

/*
 * Ask these from now on; port 0 is 53. Questions under way are cancelled. Those that c-ares has no
 * words for (before 1.24: with an interface) are left out. false: no memory.
 */
bool s53_channel_use(struct s53_channel *channel, const struct s53_addr *servers, unsigned count);
