/* SPDX-License-Identifier: ISC
 *
 * flow.c - finds the exchanges on a socket or connection by ID.
 *
 * All flows of an exchanger share one ID table, so a socket needs no table of its own. IDs are
 * drawn here and random, so they spread evenly over the buckets without a hash.
 */
#include "flow.h"

#include <split53/rand.h>

#include "endpoint.h"
#include "exchanger.h"

static struct s53_exchange **
bucket(const struct s53_flow *flow, uint16_t id)
{
	return &flow->endpoint->exchanger->id_table[(id ^ flow->salt) % S53_ID_BUCKETS];
}

void
s53_flow_init(struct s53_flow *flow, struct s53_endpoint *endpoint, uint64_t now_ms)
{
	flow->endpoint = endpoint;
	s53_list_init(&flow->exchanges);
	flow->count = 0;
	flow->holds = 0;
	flow->salt = s53_rand_u32();
	flow->retired = false;
	flow->opened_ms = flow->used_ms = now_ms;
	endpoint->flow_count++;
}

struct s53_exchange *
s53_flow_find(const struct s53_flow *flow, uint16_t id)
{
	struct s53_exchange *it = *bucket(flow, id);

	while (it != NULL && (it->id != id || it->flow != flow))
		it = it->next;
	return it;
}

void
s53_flow_add(struct s53_flow *flow, struct s53_exchange *exchange)
{
	struct s53_exchange **head;
	uint16_t id;

	do {
		id = s53_rand_u16(); /* RFC 5452 s9.1: unpredictable, all 16 bits */
	} while (s53_flow_find(flow, id) != NULL);
	exchange->id = id;
	exchange->flow = flow;
	head = bucket(flow, id);
	exchange->next = *head;
	exchange->back = head;
	if (exchange->next != NULL)
		exchange->next->back = &exchange->next;
	*head = exchange;
	s53_list_append(&flow->exchanges, &exchange->link);
	flow->count++;
}

static void
close_when_done(struct s53_flow *flow)
{
	if (flow->retired && flow->count == 0 && flow->holds == 0) {
		flow->endpoint->flow_count--;
		flow->close(flow);
	}
}

void
s53_flow_remove(struct s53_exchange *exchange)
{
	struct s53_flow *flow = exchange->flow;

	if (flow == NULL)
		return;
	*exchange->back = exchange->next;
	if (exchange->next != NULL)
		exchange->next->back = exchange->back;
	exchange->flow = NULL;
	s53_list_remove(&exchange->link);
	s53_list_remove(&exchange->queue_link);
	flow->count--;
	close_when_done(flow);
}

void
s53_flow_hold(struct s53_flow *flow)
{
	flow->holds++;
}

void
s53_flow_release(struct s53_flow *flow)
{
	flow->holds--;
	close_when_done(flow);
}

void
s53_flow_retire(struct s53_flow *flow)
{
	flow->retired = true;
	close_when_done(flow);
}
