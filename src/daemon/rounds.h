/* SPDX-License-Identifier: ISC
 *
 * rounds.h - calls a function in the thread of each worker, one worker after the other.
 *
 * Layer    daemon
 * Threads  main thread; visit() in the threads of the workers, never in two at once
 * Memory   a round is embedded in an object of its owner, which must keep it until ended() is
 *          called
 *
 * The main thread never blocks on a worker: the round is sent by mailbox to the first worker, comes
 * back, is sent to the second, and so on. Only one round is active; later ones wait in a queue. So
 * a worker has at most one round in its mailbox, and sending it needs no memory and cannot fail.
 */
#pragma once

#include <split53/worker.h>

#include "mailbox.h"

struct s53_daemon;

struct s53_round {
	/* Set by the owner: */
	void (*visit)(struct s53_round *round, unsigned worker, struct s53_resolver *resolver);
	/*
	 * Called when all workers were visited, or with `complete` false when the program ends
	 * before. May free the round.
	 */
	void (*ended)(struct s53_round *round, bool complete);
	/* Private: */
	struct s53_link link; /* in rounds->queue */
	struct s53_visit call;
	struct s53_daemon *daemon;
	unsigned worker; /* the worker being visited */
};

struct s53_rounds {
	struct s53_mailbox mailbox; /* of the main thread: rounds that come back */
	struct s53_link queue; /* the first is active */
	bool open; /* the mailbox is open */
};

/* S53_E_IO: no descriptor. S53_E_NOMEM. s53_rounds_fini() is needed in any case. */
S53_MUST_USE enum s53_status s53_rounds_init(struct s53_daemon *daemon);

/* Call when all workers have ended: remaining rounds end with `complete` false. */
void s53_rounds_fini(struct s53_daemon *daemon);

/* Queue a round; it starts when those before it have ended. */
void s53_round_begin(struct s53_daemon *daemon, struct s53_round *round);
