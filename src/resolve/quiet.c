/* SPDX-License-Identifier: ISC
 *
 * quiet.c - error replies that are not sent.
 *
 * named has one entry for each of its clients and also compares the ID (for two seconds), so that
 * each line of a chargen, which is another ID, gets an answer; here only address and port count.
 */
#include "quiet.h"

#include <split53/hash.h>

#define KPASSWD_PORT 464 /* answers an error with an error; as in named */
#define FORMERR_EACH_MS 1000

static uint64_t
hash_of(const struct s53_addr *addr)
{
	uint8_t key[16 + 2];
	size_t len;
	const uint8_t *octets = s53_addr_octets(addr, &len);

	memcpy(key, octets, len);
	s53_u16_put(key + len, s53_addr_port(addr));
	return s53_hash(key, len + 2);
}

static bool
is_lately(const struct s53_quiet_entry *entries, uint64_t now_ms)
{
	return entries->at_ms != 0 && now_ms < entries->at_ms + FORMERR_EACH_MS;
}

/* May a FORMERR be sent to this address now? true: it is recorded. */
static bool
tell(struct s53_quiet *quiet, const struct s53_addr *addr, uint64_t now_ms)
{
	uint64_t hash = hash_of(addr);
	struct s53_quiet_entry *set = quiet->entries[hash % S53_QUIET_SETS], *free = NULL;

	for (unsigned i = 0; i < S53_QUIET_WAYS; i++) {
		if (!is_lately(&set[i], now_ms))
			free = &set[i];
		else if (set[i].hash == hash)
			return false;
	}
	if (free == NULL)
		return false;
	free->hash = hash;
	free->at_ms = now_ms;
	return true;
}

bool
s53_quiet_keeps(struct s53_quiet *quiet, const struct s53_query *query)
{
	uint16_t rcode = query->outcome.rcode;
	const struct s53_client *client = &query->client;

	if (client->kind != S53_UDP || query->chase_depth > 0 || rcode == S53_RCODE_NOERROR ||
	    rcode == S53_RCODE_NXDOMAIN)
		return false;
	if (s53_addr_port(&client->addr) == KPASSWD_PORT)
		return true;
	return rcode == S53_RCODE_FORMERR && !tell(quiet, &client->addr, query->now_ms);
}
