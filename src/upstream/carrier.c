/* SPDX-License-Identifier: ISC
 *
 * carrier.c - who waits on a socket or a connection, by ID.
 *
 * All carriers of an exchanger share one table of buckets, so that a socket costs no table of its
 * own. IDs are ours and random, hence spread evenly without hashing.
 */
#include "inside.h"

#include <split53/rand.h>

static struct s53_exchange **
bucket(const struct s53_carrier *carrier, uint16_t id)
{
	return &carrier->lane->exchanger->ids[(id ^ carrier->salt) % S53_ID_BUCKETS];
}

void
s53_carrier_init(struct s53_carrier *carrier, struct s53_lane *lane, uint64_t now_ms)
{
	carrier->lane = lane;
	s53_list_init(&carrier->waiting);
	carrier->count = 0;
	carrier->holds = 0;
	carrier->salt = s53_rand_u32();
	carrier->retired = false;
	carrier->opened_ms = carrier->used_ms = now_ms;
	lane->carriers++;
}

struct s53_exchange *
s53_carrier_find(const struct s53_carrier *carrier, uint16_t id)
{
	struct s53_exchange *it = *bucket(carrier, id);

	while (it != NULL && (it->id != id || it->carrier != carrier))
		it = it->next;
	return it;
}

void
s53_carrier_take(struct s53_carrier *carrier, struct s53_exchange *exchange)
{
	struct s53_exchange **head;
	uint16_t id;

	do {
		id = s53_rand_u16(); /* RFC 5452 s9.1: unpredictable, all 16 bits */
	} while (s53_carrier_find(carrier, id) != NULL);
	exchange->id = id;
	exchange->carrier = carrier;
	head = bucket(carrier, id);
	exchange->next = *head;
	exchange->back = head;
	if (exchange->next != NULL)
		exchange->next->back = &exchange->next;
	*head = exchange;
	s53_list_append(&carrier->waiting, &exchange->link);
	carrier->count++;
}

static void
close_when_done(struct s53_carrier *carrier)
{
	if (carrier->retired && carrier->count == 0 && carrier->holds == 0) {
		carrier->lane->carriers--;
		carrier->close(carrier);
	}
}

void
s53_carrier_leave(struct s53_exchange *exchange)
{
	struct s53_carrier *carrier = exchange->carrier;

	if (carrier == NULL)
		return;
	*exchange->back = exchange->next;
	if (exchange->next != NULL)
		exchange->next->back = exchange->back;
	exchange->carrier = NULL;
	s53_list_remove(&exchange->link);
	s53_list_remove(&exchange->queued);
	carrier->count--;
	close_when_done(carrier);
}

void
s53_carrier_hold(struct s53_carrier *carrier)
{
	carrier->holds++;
}

void
s53_carrier_release(struct s53_carrier *carrier)
{
	carrier->holds--;
	close_when_done(carrier);
}

void
s53_carrier_retire(struct s53_carrier *carrier)
{
	carrier->retired = true;
	close_when_done(carrier);
}
