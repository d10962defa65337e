/* SPDX-License-Identifier: ISC
 *
 * loop_path.c - see loop_path.h.
 */
#include "loop_path.h"

#include <string.h>

#include <split53/hash.h>

#include "resolver_private.h"

#define AGAIN_MS 1000 /* between two tests of a view and server that have no proven loop */
#define KNOWN_MS 60000 /* how long a proof counts */

static struct s53_loop_path *
path_of(
    struct s53_resolver *resolver, const struct s53_view *view, const struct s53_upstream *server)
{
	return &resolver->shared->loop_paths[((uintptr_t)server / 64 ^ view->id) % S53_LOOP_PATHS];
}

static struct s53_loop_path *
path_of_attempt(const struct s53_attempt *attempt)
{
	return path_of(attempt->fetch->resolver, attempt->fetch->view, s53_attempt_server(attempt));
}

uint32_t
s53_loop_sender(const struct s53_query *query)
{
	const struct s53_client *client = &query->client;
	const struct s53_edns *edns = &query->request.edns;
	struct {
		uint8_t host[16];
		uint16_t flags, udp_size;
		bool tcp, has_edns, dnssec_ok;
	} sender;
	size_t len;
	const uint8_t *host = s53_addr_octets(&client->addr, &len);

	memset(&sender, 0, sizeof(sender));
	memcpy(sender.host, host, len);
	sender.flags = query->request.flags & (S53_RD | S53_AD | S53_CD);
	sender.udp_size = edns->udp_size;
	sender.tcp = client->kind == S53_TCP;
	sender.has_edns = edns->present;
	sender.dnssec_ok = edns->dnssec_ok;
	return (uint32_t)s53_hash(&sender, sizeof(sender)) | 1;
}

bool
s53_loop_is_due(const struct s53_attempt *attempt)
{
	struct s53_loop_path *path = path_of_attempt(attempt);
	uint64_t now_ms = attempt->fetch->now_ms;
	uint64_t tested_ms = atomic_load_explicit(&path->tested_ms, memory_order_relaxed);

	return (tested_ms == 0 || now_ms >= tested_ms + AGAIN_MS) &&
	    atomic_compare_exchange_strong_explicit(
		&path->tested_ms, &tested_ms, now_ms, memory_order_relaxed, memory_order_relaxed);
}

static bool
is_proved(struct s53_loop_path *path, uint64_t now_ms)
{
	uint64_t proved_ms = atomic_load_explicit(&path->proved_ms, memory_order_relaxed);

	return proved_ms != 0 && now_ms < proved_ms + KNOWN_MS;
}

bool
s53_loop_is_proved(const struct s53_attempt *attempt)
{
	return is_proved(path_of_attempt(attempt), attempt->fetch->now_ms);
}

static bool
is_known(struct s53_loop_path *path, const struct s53_query *query)
{
	return is_proved(path, query->now_ms) &&
	    atomic_load_explicit(&path->sender, memory_order_relaxed) == s53_loop_sender(query);
}

bool
s53_loop_is_known(const struct s53_attempt *attempt, const struct s53_query *query)
{
	return is_known(path_of_attempt(attempt), query);
}

struct s53_upstream *
s53_loop_known_server(const struct s53_query *query)
{
	const struct s53_group *group = query->route->group;

	for (unsigned i = 0; i < s53_group_size(group); i++) {
		struct s53_upstream *server = s53_group_server(group, i);

		if (is_known(path_of(query->resolver, query->view, server), query))
			return server;
	}
	return NULL;
}

void
s53_loop_observe(struct s53_upstream *server, uint64_t now_ms)
{
	struct s53_observation sign = { .event = S53_OBSERVED_LOOP,
		.over = s53_upstream_wants_tcp(server) ? S53_OVER_TCP : S53_OVER_UDP };

	s53_upstream_observe(server, sign, now_ms);
}

/* Logs the name without the test's label. */
static void
log_found(
    const struct s53_query *query, const struct s53_upstream *server, struct s53_loop_path *path)
{
	struct s53_query about;
	struct s53_name *name = &about.request.question.name;

	s53_query_copy(&about, query);
	*name = s53_name_ancestor(name, 1);
	s53_query_log_loop(&about, server, &path->logged_ms);
}

void
s53_loop_prove(const struct s53_query *query, struct s53_upstream *server, uint32_t sender)
{
	struct s53_loop_path *path = path_of(query->resolver, query->view, server);

	atomic_store_explicit(&path->sender, sender, memory_order_relaxed);
	atomic_store_explicit(&path->proved_ms, query->now_ms, memory_order_relaxed);
	log_found(query, server, path);
	s53_loop_observe(server, query->now_ms);
}
