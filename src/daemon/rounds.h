/* SPDX-License-Identifier: ISC
 *
 * rounds.h - one call in the thread of each worker, one worker after the other.
 *
 * Layer    daemon
 * Threads  main thread; visit() in the threads of the workers, never in two at once
 * Memory   a round is its owner's, and embedded in what it is about, until ended() is called
 *
 * The main thread never waits for a worker: the round goes by mailbox from the main thread to the
 * first worker, back, to the second, and so on. Rounds wait for each other in a queue. A worker has
 * at most one round in its mailbox, so that nothing is allocated and nothing can fail on the way.
 */
#pragma once

#include <split53/worker.h>

#include "mailbox.h"

struct s53_daemon;

struct s53_round {
	/* Set by the owner: */
	void (*visit)(struct s53_round *round, unsigned worker, struct s53_resolver *resolver);
	/* All were visited; `complete` false: the program ends before. May free the round. */
	void (*ended)(struct s53_round *round, bool complete);
	/* Private: */
	struct s53_link link; /* in rounds->queue */
	struct s53_visit call;
	struct s53_daemon *daemon;
	unsigned worker; /* the one that is visited */
};

struct s53_rounds {
	struct s53_mailbox mailbox; /* the main thread's: rounds that come back */
	struct s53_link queue; /* the first is under way */
	bool open; /* the mailbox is */
};

/* S53_E_IO: no descriptor. S53_E_NOMEM. s53_rounds_fini() is needed in any case. */
S53_MUST_USE enum s53_status s53_rounds_init(struct s53_daemon *daemon);

/* When all workers have ended: rounds that are under way end incomplete. */
void s53_rounds_fini(struct s53_daemon *daemon);

/* Begin as soon as the rounds before it have ended. */
void s53_round_begin(struct s53_daemon *daemon, struct s53_round *round);
