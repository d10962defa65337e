/* SPDX-License-Identifier: ISC
 *
 * refresh.c - questions that nobody waits for: the cache's entry is to be made new.
 *
 * Such a query walks the line from JOIN on. It leads its key, so that clients who miss meanwhile
 * join it; where the key is under way already it is not needed.
 */
#include "pending.h"

static uint8_t *
nobody_room(struct s53_client *client, size_t cap)
{
	(void)client;
	(void)cap;
	return NULL;
}

static void
nobody_sent(struct s53_client *client, size_t len)
{
	(void)client;
	(void)len;
}

static void
nobody_dropped(struct s53_client *client)
{
	(void)client;
}

static const struct s53_client_ops nobody = {
	.room = nobody_room, .send = nobody_sent, .drop = nobody_dropped
};

void
s53_query_set_nobody(struct s53_query *query)
{
	query->client.ops = &nobody;
	query->client.transport = NULL;
	query->chase_of = NULL;
	query->refresh = true;
	query->stale = false;
}

void
s53_refresh(const struct s53_query *query)
{
	struct s53_query again;

	s53_query_copy(&again, query);
	s53_query_set_nobody(&again);
	again.step = S53_STEP_JOIN;
	again.pending = NULL;
	again.chase_depth = 0;
	again.deadline_ms = 0;
	again.hurried = false;
	again.key.name = &again.request.question.lower;
	s53_query_run(&again);
}
