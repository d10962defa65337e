/* SPDX-License-Identifier: ISC
 *
 * in_force.c - see in_force.h.
 */
#include "in_force.h"

#include <stdlib.h>

#include <split53/log.h>

#include "inside.h"
#include "process.h"

struct s53_in_force {
	struct s53_round round;
	struct s53_daemon *daemon;
	const char *line;
	bool reloading;
	s53_done *done;
	void *done_arg;
};

/* Nothing to do: the visit itself shows that the worker has handled all earlier messages. */
static void
visit(struct s53_round *round, unsigned worker, struct s53_resolver *resolver)
{
	(void)round;
	(void)worker;
	(void)resolver;
}

static void
ended(struct s53_round *round, bool complete)
{
	struct s53_in_force *in_force = S53_CONTAINER_OF(round, struct s53_in_force, round);

	if (complete && in_force->line != NULL)
		s53_log(S53_LOG_GENERAL, S53_LOG_NOTICE, "%s", in_force->line);
	if (complete && in_force->reloading)
		s53_notify(in_force->daemon->notify_fd, "READY=1");
	if (in_force->done != NULL)
		in_force->done(in_force->done_arg);
	free(in_force);
}

struct s53_in_force *
s53_in_force_new(struct s53_daemon *daemon, s53_done *done, void *done_arg)
{
	struct s53_in_force *in_force = calloc(1, sizeof(*in_force));

	if (in_force == NULL)
		return NULL;
	in_force->round.visit = visit;
	in_force->round.ended = ended;
	in_force->daemon = daemon;
	in_force->done = done;
	in_force->done_arg = done_arg;
	return in_force;
}

void
s53_in_force_drop(struct s53_in_force *in_force)
{
	free(in_force);
}

void
s53_in_force_begin(struct s53_in_force *in_force, const char *line, bool reloading)
{
	in_force->line = line;
	in_force->reloading = reloading;
	s53_round_begin(in_force->daemon, &in_force->round);
}
