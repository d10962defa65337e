/* SPDX-License-Identifier: ISC
 *
 * facts.c - the daemon's side of struct s53_stats_source (layer stats).
 */
#include <limits.h>

#include <split53/control.h>

#include "inside.h"

static const struct s53_counters *
counters_of(void *arg, unsigned index)
{
	const struct s53_daemon *daemon = arg;

	return index < daemon->worker_count ? s53_worker_counters(daemon->workers[index]) : NULL;
}

static void
describe(void *arg, struct s53_stats_process *out)
{
	struct s53_daemon *daemon = arg;
	const struct s53_policy *policy =
	    daemon->snapshot != NULL ? &daemon->snapshot->policy : NULL;

	*out = daemon->facts;
	out->policy = policy;
	out->workers = daemon->worker_count;
	out->pending = atomic_load_explicit(&daemon->shared.resolver.pending, memory_order_relaxed);
	out->pending_max = policy != NULL ? policy->recursive_clients : 0;
	out->tcp_clients = atomic_load(&daemon->shared.tcp.clients);
	out->tcp_clients_max = atomic_load(&daemon->shared.tcp.clients_max);
	out->listening = s53_listeners_any_open(daemon);
	out->draining = daemon->stopping;
	if (daemon->control != NULL)
		s53_control_counts(daemon->control, &out->commands, &out->commands_refused);
}

struct s53_stats_source
s53_daemon_facts(struct s53_daemon *daemon)
{
	return (struct s53_stats_source){ .registry = daemon->registry,
		.book = daemon->book,
		.counters = counters_of,
		.process = describe,
		.arg = daemon };
}
