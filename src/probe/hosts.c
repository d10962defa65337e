/* SPDX-License-Identifier: ISC
 *
 * hosts.c - keeps the addresses of host names up to date, with the servers that are queried for
 * them, and watches resolv.conf.
 */
#include "host_lookup.h"
#include "resolvconf.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <split53/list.h>
#include <split53/log.h>

#define TTL_MIN_S 5
#define TTL_MAX_S 86400
#define RETRY_MIN_S 1
#define RETRY_MAX_S 60

struct addr_set {
	struct s53_addr addrs[S53_HOST_ADDRS_MAX];
	unsigned count;
};

struct host {
	struct s53_link link; /* hosts->names */
	struct s53_hosts *hosts;
	char *name;
	struct event *again; /* when it is looked up again */
	struct addr_set known;
	uint32_t retry_s; /* after the next failure */
	bool looking;
	bool dropped; /* unwatched during a lookup: freed when that ends */
};

struct s53_hosts {
	struct event_base *base;
	void (*changed)(void *arg);
	bool (*is_ourselves)(const struct s53_addr *addr, void *arg);
	void *arg;
	struct event *tell; /* calls changed() from the loop */
	struct s53_host_lookup *lookup;
	struct s53_link names;
	bool switching; /* lookups that end now were cancelled: these are no failures */
	struct addr_set asked; /* the servers that the channel uses */
	bool servers_unsure; /* it may use others, because memory ran out */
	char *path; /* of resolv.conf; NULL: not followed */
	struct addr_set resolv; /* its servers, without ourselves, that the owner uses */
	struct s53_resolvconf_watch *watch;
};

static void
copy_out(const struct addr_set *set, struct s53_addr *out)
{
	if (set->count > 0)
		memcpy(out, set->addrs, set->count * sizeof(out[0]));
}

static int
compare(const void *left, const void *right)
{
	const struct s53_addr *a = left, *b = right;
	size_t a_len, b_len;
	const uint8_t *a_octets = s53_addr_octets(a, &a_len);
	const uint8_t *b_octets = s53_addr_octets(b, &b_len);

	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a_octets, b_octets, a_len);
}

/* Fill the set, sorted and without duplicates. */
static void
set_fill(struct addr_set *set, const struct s53_addr *addrs, unsigned count)
{
	struct s53_addr sorted[S53_HOST_ADDRS_MAX];

	set->count = 0;
	if (count == 0)
		return;
	memcpy(sorted, addrs, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare);
	for (unsigned i = 0; i < count; i++) {
		if (i == 0 || !s53_addr_equal(&sorted[i], &sorted[i - 1]))
			set->addrs[set->count++] = sorted[i];
	}
}

static bool
set_equal(const struct addr_set *a, const struct addr_set *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (!s53_addr_equal(&a->addrs[i], &b->addrs[i]))
			return false;
	}
	return true;
}

static void
on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct s53_hosts *hosts = arg;

	(void)fd;
	(void)what;
	hosts->changed(hosts->arg);
}

static void
tell(struct s53_hosts *hosts)
{
	event_active(hosts->tell, EV_TIMEOUT, 0);
}

static void
host_free(struct host *host)
{
	event_free(host->again);
	free(host->name);
	free(host);
}

static void
again_in(struct host *host, uint32_t seconds)
{
	struct timeval tv = { (time_t)seconds, 0 };

	(void)event_add(host->again, &tv);
}

static void
host_known(struct host *host, const struct s53_addr *addrs, unsigned count, uint32_t ttl_s)
{
	struct addr_set found;

	set_fill(&found, addrs, count);
	host->retry_s = RETRY_MIN_S;
	again_in(host, ttl_s < TTL_MIN_S ? TTL_MIN_S : ttl_s > TTL_MAX_S ? TTL_MAX_S : ttl_s);
	if (set_equal(&found, &host->known))
		return;
	host->known = found;
	s53_log(S53_LOG_RESOLVER, S53_LOG_INFO, "forwarder %s now has %u addresses", host->name,
	    found.count);
	tell(host->hosts);
}

static void
on_found(
    void *arg, enum s53_status status, const struct s53_addr *addrs, unsigned count, uint32_t ttl_s)
{
	struct host *host = arg;

	host->looking = false;
	if (host->dropped) {
		host_free(host);
		return;
	}
	if (host->hosts->switching)
		return;
	if (status == S53_OK) {
		host_known(host, addrs, count, ttl_s);
		return;
	}
	if (host->retry_s == RETRY_MIN_S)
		s53_log(S53_LOG_RESOLVER, S53_LOG_WARNING,
		    "forwarder %s cannot be resolved (%s); %u addresses known before stay in use",
		    host->name, status == S53_E_ABSENT ? "no such name" : "no response",
		    host->known.count);
	again_in(host, host->retry_s);
	host->retry_s = host->retry_s * 2 < RETRY_MAX_S ? host->retry_s * 2 : RETRY_MAX_S;
}

static void
look_up(struct host *host)
{
	if (host->looking)
		return;
	host->looking = true;
	s53_host_lookup_look_up(host->hosts->lookup, host->name, on_found, host);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look_up(arg);
}

static struct host *
find(const struct s53_hosts *hosts, const char *name)
{
	S53_LIST_EACH (&hosts->names, it) {
		struct host *host = S53_CONTAINER_OF(it, struct host, link);

		if (strcasecmp(host->name, name) == 0)
			return host;
	}
	return NULL;
}

enum s53_status
s53_hosts_watch(struct s53_hosts *hosts, const char *name)
{
	struct host *host;

	if (find(hosts, name) != NULL)
		return S53_OK;
	host = calloc(1, sizeof(*host));
	if (host == NULL)
		return S53_E_NOMEM;
	host->hosts = hosts;
	host->retry_s = RETRY_MIN_S;
	host->name = strdup(name);
	host->again = evtimer_new(hosts->base, on_again, host);
	if (host->name == NULL || host->again == NULL) {
		if (host->again != NULL)
			event_free(host->again);
		free(host->name);
		free(host);
		return S53_E_NOMEM;
	}
	s53_list_append(&hosts->names, &host->link);
	look_up(host);
	return S53_OK;
}

static void
host_drop(struct host *host)
{
	s53_list_remove(&host->link);
	(void)event_del(host->again);
	host->dropped = true;
	if (!host->looking)
		host_free(host);
}

void
s53_hosts_unwatch(struct s53_hosts *hosts, const char *name)
{
	struct host *host = find(hosts, name);

	if (host != NULL)
		host_drop(host);
}

unsigned
s53_hosts_addrs(
    const struct s53_hosts *hosts, const char *name, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	const struct host *host = hosts != NULL ? find(hosts, name) : NULL;
	struct s53_addr addrs[S53_HOST_ADDRS_MAX];
	struct addr_set in_file;

	if (host == NULL) {
		set_fill(&in_file, addrs, s53_host_lookup_in_file(name, addrs));
		copy_out(&in_file, out);
		return in_file.count;
	}
	copy_out(&host->known, out);
	return host->known.count;
}

enum s53_status
s53_hosts_set_servers(struct s53_hosts *hosts, const struct s53_addr *servers, unsigned count)
{
	struct addr_set wanted = { .count = count };
	enum s53_status status;

	if (count > S53_HOST_ADDRS_MAX)
		return S53_E_RANGE;
	if (count > 0)
		memcpy(wanted.addrs, servers, count * sizeof(servers[0]));
	/*
	 * Each new snapshot calls this, even one that was built because a name has new addresses:
	 * with the same servers, the names are not looked up before their TTLs end.
	 */
	if (!hosts->servers_unsure && set_equal(&wanted, &hosts->asked))
		return S53_OK;
	hosts->switching = true;
	status = s53_host_lookup_use(hosts->lookup, servers, count);
	hosts->switching = false;
	hosts->asked = wanted;
	hosts->servers_unsure = status != S53_OK;
	S53_LIST_EACH (&hosts->names, it) {
		again_in(S53_CONTAINER_OF(it, struct host, link), 0);
	}
	return status;
}

/* Read the servers of the watched file, without ourselves. */
static void
read_resolv_conf(const struct s53_hosts *hosts, struct addr_set *out)
{
	struct s53_addr all[S53_HOST_ADDRS_MAX];
	unsigned count = s53_resolv_conf_read(hosts->path, all, NULL);

	out->count = 0;
	for (unsigned i = 0; i < count; i++) {
		if (hosts->is_ourselves == NULL || !hosts->is_ourselves(&all[i], hosts->arg))
			out->addrs[out->count++] = all[i];
	}
}

/* true: the file's servers are no longer those that the owner uses. */
static bool
resolv_conf_differs(struct s53_hosts *hosts)
{
	struct addr_set now;

	read_resolv_conf(hosts, &now);
	if (set_equal(&now, &hosts->resolv))
		return false;
	hosts->resolv = now;
	return true;
}

void
s53_hosts_read_resolv_conf_again(struct s53_hosts *hosts)
{
	if (hosts->path != NULL && resolv_conf_differs(hosts))
		hosts->changed(hosts->arg);
}

static void
on_touched(void *arg)
{
	s53_hosts_read_resolv_conf_again(arg);
}

static void
stop_following(struct s53_hosts *hosts)
{
	s53_resolvconf_unwatch(hosts->watch);
	hosts->watch = NULL;
	free(hosts->path);
	hosts->path = NULL;
}

void
s53_hosts_follow_resolv_conf(
    struct s53_hosts *hosts, const char *path, const struct s53_addr *servers, unsigned count)
{
	hosts->resolv.count = count;
	if (count > 0)
		memcpy(hosts->resolv.addrs, servers, count * sizeof(servers[0]));
	if (path != NULL && hosts->path != NULL && strcmp(hosts->path, path) == 0)
		return;
	stop_following(hosts);
	if (path == NULL || (hosts->path = strdup(path)) == NULL)
		return;
	hosts->watch = s53_resolvconf_watch(hosts->base, path, on_touched, hosts);
	if (hosts->watch == NULL)
		s53_log(
		    S53_LOG_GENERAL, S53_LOG_WARNING, "changes of %s will not be noticed", path);
	if (resolv_conf_differs(hosts)) /* written after the caller read it */
		tell(hosts);
}

struct s53_hosts *
s53_hosts_new(struct event_base *base, void (*changed)(void *arg),
    bool (*is_ourselves)(const struct s53_addr *addr, void *arg), void *arg)
{
	struct s53_hosts *hosts = calloc(1, sizeof(*hosts));

	if (hosts == NULL)
		return NULL;
	hosts->base = base;
	hosts->changed = changed;
	hosts->is_ourselves = is_ourselves;
	hosts->arg = arg;
	s53_list_init(&hosts->names);
	hosts->tell = event_new(base, -1, 0, on_tell, hosts);
	hosts->lookup = s53_host_lookup_new(base);
	if (hosts->tell != NULL && hosts->lookup != NULL)
		return hosts;
	s53_hosts_free(hosts);
	return NULL;
}

void
s53_hosts_free(struct s53_hosts *hosts)
{
	if (hosts == NULL)
		return;
	S53_LIST_EACH_SAFE (&hosts->names, it, following) {
		host_drop(S53_CONTAINER_OF(it, struct host, link));
	}
	s53_host_lookup_free(hosts->lookup); /* ends the lookups, which frees dropped hosts */
	stop_following(hosts);
	if (hosts->tell != NULL)
		event_free(hosts->tell);
	free(hosts->path);
	free(hosts);
}
