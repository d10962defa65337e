/* SPDX-License-Identifier: ISC
 *
 * snapshot.h - one configuration, built and never changed, which the workers serve.
 *
 * Layer    setup
 * Threads  built by the main thread (setup.c), then immutable; counted through its policy
 * Memory   owns everything that was built for it, in an arena or by s53_snapshot_own(); freed when
 *          the last count of `policy` is dropped, in whatever thread that happens
 * Units    tcp_*_100ms: units of 100 ms, as named.conf has them
 */
#pragma once

#include <split53/addr_list.h>
#include <split53/arena.h>
#include <split53/channel.h>
#include <split53/diag.h>
#include <split53/log.h>
#include <split53/upstream.h>
#include <split53/view.h>

/* One listen-on or listen-on-v6: addresses of this machine that match get a listener each. */
struct s53_listen_rule {
	sa_family_t family;
	uint16_t port;
	struct s53_acl *match;
	/* Addresses named one by one, with the port: it is an error if they cannot be bound. */
	struct s53_addr *named;
	unsigned named_count;
};

struct s53_conf_statement;

/* For --explain: what a zone of the configuration became. */
struct s53_route_note {
	struct s53_route_note *next;
	unsigned view; /* index into policy.views */
	struct s53_name apex;
	const char *place; /* "named.conf:12:1", or "built in" */
	const char *text; /* its upstreams, or why there are none */
	/* The body of the zone statement, in the source's tree; or NULL. */
	const struct s53_conf_statement *zone_body;
};

/* A list of servers, in the order of their source. */
struct s53_snapshot_servers {
	struct s53_addr addrs[S53_HOST_ADDRS_MAX];
	unsigned count;
};

/* A forwarder that is a host name: watched while the snapshot is in force. */
struct s53_snapshot_host {
	struct s53_snapshot_host *next;
	const char *name;
};

/* The health check of a server while the snapshot is in force. */
struct s53_snapshot_check {
	struct s53_snapshot_check *next;
	struct s53_upstream *upstream; /* the snapshot's count */
	struct s53_health_check check;
	bool written; /* by health-check in the file; else the zone's default */
	bool down_after_written;
};

/* One `inet` of statistics-channels. */
struct s53_snapshot_channel {
	struct s53_snapshot_channel *next;
	struct s53_addr addr;
	struct s53_acl *allow; /* NULL: any */
	struct s53_place place; /* its file's name is the snapshot's */
};

struct s53_snapshot_owned;

struct s53_snapshot {
	struct s53_policy policy;
	struct s53_snapshot *next; /* in a list of the caller's */
	struct s53_arena arena;
	struct s53_snapshot_owned *owned;
	struct s53_listen_rule *rules;
	unsigned rule_count;
	unsigned tcp_clients;
	unsigned tcp_initial_100ms, tcp_idle_100ms;
	int tcp_listen_queue;
	const char *pid_file; /* NULL: none */
	bool pid_file_written; /* `pid-file` is in the file: written in the foreground, too */
	/*
	 * The size of policy.cache, entries and overhead; 0: no cache. Setup creates no cache: the
	 * daemon gives the snapshot one of this size (cache_keeper.c).
	 */
	uint64_t max_cache_octets;
	const char *directory; /* of relative names; NULL: the working directory */
	bool dump_file_written; /* `dump-file` is in the file */
	const char *dump_file; /* where SIGUSR1 writes the cache as text; never NULL */
	const char *recursing_file; /* where the fetches under way are written; never NULL */
	const char *statistics_file; /* where `stats` appends; never NULL */
	const char *cache_file; /* for a warm restart; NULL: none */
	bool has_logging; /* by a `logging` statement, which `log` is built from */
	bool uses_interfaces; /* by localhost or localnets: rebuild when they change */
	struct s53_log_config log;
	/*
	 * Where the rules listen on this machine: a forwarder among these would be a loop, unless
	 * another program uses the address.
	 */
	struct s53_addr_list ours;
	struct s53_snapshot_host *hosts;
	struct s53_snapshot_servers host_servers; /* to query for the addresses of hosts */
	bool uses_resolv_conf; /* rebuild when its nameservers change */
	struct s53_snapshot_servers nameservers; /* of resolv.conf, without ourselves */
	const struct s53_channel *controls; /* of `controls`, or those that are made by default */
	struct s53_snapshot_check *checks; /* one for each server */
	struct s53_snapshot_channel *channels; /* each address once, in the order of the file */
	struct s53_route_note *notes; /* only with want_notes */
};

/* An empty one with a count of 1, or NULL. */
struct s53_snapshot *s53_snapshot_new(void);

/*
 * Make the snapshot call `drop` for `object` when it is freed, newest first. false: no memory, and
 * `object` has been dropped. Also false for NULL, so that s53_snapshot_own(s, s53_acl_new(), ...)
 * needs one test.
 */
bool s53_snapshot_own(struct s53_snapshot *snapshot, void *object, void (*drop)(void *object));

static inline struct s53_snapshot *
s53_snapshot_of(struct s53_policy *policy)
{
	return S53_CONTAINER_OF(policy, struct s53_snapshot, policy);
}

/* Is `addr` split53 itself: listened on, and not one of `foreign` (NULL: none is)? */
bool s53_snapshot_is_ourselves(const struct s53_snapshot *snapshot,
    const struct s53_addr_list *foreign, const struct s53_addr *addr);

/* Does anything but the caller hold a count? false stays so until the caller hands one out. */
bool s53_snapshot_is_shared(const struct s53_snapshot *snapshot);

/* Drop one count; the last one frees. NULL is fine. */
void s53_snapshot_drop(struct s53_snapshot *snapshot);
