/* SPDX-License-Identifier: ISC
 *
 * rounds.c - see rounds.h.
 */
#include "rounds.h"

#include "inside.h"

static struct s53_round *
round_of(struct s53_visit *visit)
{
	return S53_CONTAINER_OF(visit, struct s53_round, call);
}

/* In the worker's thread. */
static void
run(struct s53_visit *visit, struct s53_resolver *resolver)
{
	struct s53_round *round = round_of(visit);

	round->visit(round, round->worker, resolver);
}

/* In the worker's thread, too. */
static void
come_home(struct s53_visit *visit)
{
	s53_mailbox_send(&round_of(visit)->daemon->rounds.mailbox, &visit->link);
}

static void
begin_first(struct s53_daemon *daemon)
{
	struct s53_round *round;

	if (s53_list_empty(&daemon->rounds.queue))
		return;
	round = S53_CONTAINER_OF(daemon->rounds.queue.next, struct s53_round, link);
	s53_worker_visit(daemon->workers[0], &round->call);
}

static void
end(struct s53_round *round, bool complete)
{
	s53_list_remove(&round->link);
	round->ended(round, complete);
}

static void
on_home(void *arg, struct s53_link *link)
{
	struct s53_daemon *daemon = arg;
	struct s53_round *round = round_of(S53_CONTAINER_OF(link, struct s53_visit, link));

	if (++round->worker < daemon->worker_count) {
		s53_worker_visit(daemon->workers[round->worker], &round->call);
		return;
	}
	end(round, true);
	begin_first(daemon);
}

enum s53_status
s53_rounds_init(struct s53_daemon *daemon)
{
	struct s53_rounds *rounds = &daemon->rounds;
	enum s53_status status = s53_mailbox_init(&rounds->mailbox);

	s53_list_init(&rounds->queue);
	rounds->open = true;
	return status != S53_OK ? status
				: s53_mailbox_open(&rounds->mailbox, daemon->base, on_home, daemon);
}

void
s53_rounds_fini(struct s53_daemon *daemon)
{
	struct s53_rounds *rounds = &daemon->rounds;

	if (!rounds->open)
		return;
	rounds->open = false;
	s53_mailbox_close(&rounds->mailbox);
	while (s53_mailbox_take(&rounds->mailbox) != NULL)
		; /* each round is in the queue as well, and ends below */
	while (!s53_list_empty(&rounds->queue))
		end(S53_CONTAINER_OF(rounds->queue.next, struct s53_round, link), false);
	s53_mailbox_fini(&rounds->mailbox);
}

void
s53_round_begin(struct s53_daemon *daemon, struct s53_round *round)
{
	bool is_first;

	if (daemon->worker_count == 0) { /* there is nothing to do */
		round->ended(round, true);
		return;
	}
	is_first = s53_list_empty(&daemon->rounds.queue);
	round->call.run = run;
	round->call.home = come_home;
	round->daemon = daemon;
	round->worker = 0;
	s53_list_append(&daemon->rounds.queue, &round->link);
	if (is_first)
		begin_first(daemon);
}
