/* SPDX-License-Identifier: ISC
 *
 * swap.c - puts a snapshot in force: workers, limits, health checks, host names, resolv.conf.
 *
 * Building a snapshot starts nothing. What it needs is started here, and stopped when the next
 * snapshot does not need it.
 */
#include <strings.h>

#include <split53/log.h>

#include "inside.h"

static void
use_limits(struct s53_daemon *daemon, const struct s53_snapshot *snapshot)
{
	struct s53_tcp_limits *tcp = &daemon->shared.tcp;

	atomic_store(&tcp->clients_max, snapshot->tcp_clients);
	atomic_store(&tcp->initial_ms, 100 * snapshot->tcp_initial_100ms);
	atomic_store(&tcp->idle_ms, 100 * snapshot->tcp_idle_100ms);
	atomic_store(&tcp->keepalive_ms, 100 * snapshot->policy.tcp_keepalive_100ms);
}

static void
use_checks(const struct s53_snapshot *snapshot)
{
	for (const struct s53_snapshot_check *it = snapshot->checks; it != NULL; it = it->next)
		s53_upstream_set_check(it->upstream, &it->check);
}

static bool
has_host(const struct s53_snapshot *snapshot, const char *name)
{
	const struct s53_snapshot_host *it = snapshot->hosts;

	while (it != NULL && strcasecmp(it->name, name) != 0)
		it = it->next;
	return it != NULL;
}

static void
watch_hosts(struct s53_daemon *daemon, const struct s53_snapshot *snapshot)
{
	const struct s53_snapshot_servers *servers = &snapshot->host_servers;

	if (s53_hosts_set_servers(daemon->hosts, servers->addrs, servers->count) != S53_OK)
		s53_log(S53_LOG_CONFIG, S53_LOG_CRITICAL,
		    "host names are still resolved by the previous configuration: out of memory");
	for (const struct s53_snapshot_host *it = snapshot->hosts; it != NULL; it = it->next)
		if (s53_hosts_watch(daemon->hosts, it->name) != S53_OK)
			s53_log(S53_LOG_CONFIG, S53_LOG_CRITICAL,
			    "forwarder %s is not resolved: out of memory", it->name);
	s53_hosts_follow_resolv_conf(daemon->hosts,
	    snapshot->uses_resolv_conf ? s53_resolv_conf_path() : NULL, snapshot->nameservers.addrs,
	    snapshot->nameservers.count);
}

/* Stop resolving names that only the old snapshot has. */
static void
unwatch_hosts(struct s53_daemon *daemon, const struct s53_snapshot *old)
{
	for (const struct s53_snapshot_host *it = old->hosts; it != NULL; it = it->next)
		if (!has_host(daemon->snapshot, it->name))
			s53_hosts_unwatch(daemon->hosts, it->name);
}

void
s53_daemon_swap(struct s53_daemon *daemon, struct s53_snapshot *snapshot)
{
	struct s53_snapshot *old = daemon->snapshot;

	s53_daemon_keep_cache(daemon, snapshot);
	s53_daemon_switch(daemon, snapshot);
	s53_tally_book_use(daemon->book, &snapshot->policy);
	daemon->snapshot = snapshot;
	daemon->foreign_changed = false;
	use_limits(daemon, snapshot);
	use_checks(snapshot);
	for (unsigned i = 0; i < daemon->worker_count && old != NULL; i++)
		if (s53_worker_use(daemon->workers[i], &snapshot->policy) != S53_OK)
			s53_log(S53_LOG_CONFIG, S53_LOG_CRITICAL,
			    "worker %u keeps the previous configuration: out of memory", i);
	if (old != NULL)
		unwatch_hosts(daemon, old);
	watch_hosts(daemon, snapshot);
	s53_daemon_retire(daemon, old);
}
