/* SPDX-License-Identifier: ISC
 *
 * fetches.c - lists the fetches in progress, collected from one worker after the other.
 *
 * The length of the list and of each worker's part are bounded: a worker copies a few hundred
 * fetches at most, which takes less than a millisecond.
 */
#include <stdio.h>
#include <stdlib.h>

#include <split53/clock.h>

#include "inside.h"

#define FETCHES_MAX 1024

struct listing {
	struct s53_round round;
	struct s53_daemon *daemon;
	s53_recursed *done;
	void *done_arg;
	struct s53_recursing *list;
};

/* In a worker's thread. */
static void
gather(struct s53_round *round, unsigned worker, struct s53_resolver *resolver)
{
	struct listing *listing = S53_CONTAINER_OF(round, struct listing, round);

	listing->list->room = FETCHES_MAX * (worker + 1) / listing->daemon->worker_count;
	s53_resolver_list(resolver, listing->list, s53_clock_ms());
}

static void
on_gathered(struct s53_round *round, bool complete)
{
	struct listing *listing = S53_CONTAINER_OF(round, struct listing, round);

	listing->daemon->is_listing = false;
	listing->done(listing->done_arg, complete ? listing->list : NULL);
	free(listing->list);
	free(listing);
}

enum s53_status
s53_daemon_list_fetches(struct s53_daemon *daemon, s53_recursed *done, void *done_arg,
    char why[static S53_OPERATION_WHY])
{
	struct listing *listing;

	if (daemon->is_listing) {
		snprintf(
		    why, S53_OPERATION_WHY, "another list of fetches is in progress: try again");
		return S53_E_LIMIT;
	}
	listing = calloc(1, sizeof(*listing));
	if (listing != NULL)
		listing->list = calloc(
		    1, sizeof(*listing->list) + FETCHES_MAX * sizeof(listing->list->fetches[0]));
	if (listing == NULL || listing->list == NULL) {
		free(listing);
		snprintf(why, S53_OPERATION_WHY, "out of memory");
		return S53_E_NOMEM;
	}
	listing->daemon = daemon;
	listing->done = done;
	listing->done_arg = done_arg;
	listing->round.visit = gather;
	listing->round.ended = on_gathered;
	daemon->is_listing = true;
	s53_round_begin(daemon, &listing->round);
	return S53_OK;
}
