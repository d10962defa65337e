/* SPDX-License-Identifier: ISC
 *
 * retired.c - frees snapshots that are no longer in use, and returns their memory.
 *
 * Workers, fetches and a dump hold the snapshot with which they began. If the last of them freed
 * it, a worker could be blocked for the time that it takes to free 100,000 zones. So the main
 * thread keeps a count too, and checks every LOOK_AGAIN_US whether it is the last one. Then it
 * frees the snapshot and returns all free memory to the system.
 */
#include "heap.h"
#include "inside.h"

#define LOOK_AGAIN_US 100000 /* a fetch ends within seconds */

static void
look_again(struct s53_daemon *daemon)
{
	const struct timeval wait = { .tv_usec = LOOK_AGAIN_US };

	evtimer_add(daemon->retired_event, &wait);
}

static void
on_retired(evutil_socket_t fd, short what, void *arg)
{
	struct s53_daemon *daemon = arg;
	struct s53_snapshot **at = &daemon->retired;

	(void)fd;
	(void)what;
	while (*at != NULL) {
		struct s53_snapshot *snapshot = *at;

		if (s53_snapshot_is_shared(snapshot)) {
			at = &snapshot->next;
			continue;
		}
		*at = snapshot->next;
		s53_snapshot_drop(snapshot);
	}
	if (daemon->retired != NULL)
		look_again(daemon);
	else
		heap_give_back();
}

void
s53_daemon_retire(struct s53_daemon *daemon, struct s53_snapshot *snapshot)
{
	if (daemon->retired_event == NULL)
		daemon->retired_event = evtimer_new(daemon->base, on_retired, daemon);
	if (snapshot == NULL || daemon->retired_event == NULL ||
	    !s53_snapshot_is_shared(snapshot)) {
		s53_snapshot_drop(
		    snapshot); /* without memory for the event, its last user frees it */
	} else {
		snapshot->next = daemon->retired;
		daemon->retired = snapshot;
	}
	if (daemon->retired_event != NULL)
		look_again(daemon);
}

void
s53_daemon_retired_fini(struct s53_daemon *daemon)
{
	while (daemon->retired != NULL) {
		struct s53_snapshot *snapshot = daemon->retired;

		daemon->retired = snapshot->next;
		s53_snapshot_drop(snapshot);
	}
	if (daemon->retired_event != NULL)
		event_free(daemon->retired_event);
}
