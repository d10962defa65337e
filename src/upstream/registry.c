/* SPDX-License-Identifier: ISC
 *
 * registry.c - all servers, one object per address and options, and the hook that wakes the prober.
 *
 * Under the registry's lock nothing outside is called except the hook. The lock is never taken
 * while a server's own lock is taken.
 */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/hash.h>

#include "admin.h"

#define BUCKETS 1024 /* for up to about ten thousand servers */

struct s53_registry {
	pthread_mutex_t lock; /* of everything here, and of each server's links and count */
	struct s53_link servers;
	struct s53_upstream *buckets[BUCKETS]; /* by address and port */
	struct admin_rules admin;
	bool closed; /* freed with its last server */
	void (*wake)(void *arg); /* NULL: no prober */
	void *wake_arg;
};

struct s53_registry *
s53_registry_new(void)
{
	struct s53_registry *registry = calloc(1, sizeof(*registry));

	if (registry == NULL)
		return NULL;
	if (pthread_mutex_init(&registry->lock, NULL) != 0) {
		free(registry);
		return NULL;
	}
	s53_list_init(&registry->servers);
	return registry;
}

static void
registry_destroy(struct s53_registry *registry)
{
	admin_rules_fini(&registry->admin);
	pthread_mutex_destroy(&registry->lock);
	free(registry);
}

void
s53_registry_free(struct s53_registry *registry)
{
	bool empty;

	if (registry == NULL)
		return;
	pthread_mutex_lock(&registry->lock);
	registry->closed = true;
	empty = s53_list_empty(&registry->servers);
	pthread_mutex_unlock(&registry->lock);
	if (empty)
		registry_destroy(registry);
}

static void
fill_in(struct s53_upstream_options *options, const struct s53_addr *addr)
{
	if (options->edns_udp_size == 0)
		options->edns_udp_size = s53_addr_is_loopback(addr) ? S53_UPSTREAM_LOOPBACK_SIZE
								    : S53_UPSTREAM_OFFHOST_SIZE;
}

static bool
is_same(const struct s53_upstream *upstream, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	const struct s53_upstream_options *own = &upstream->options;

	return s53_addr_equal(&upstream->addr, addr) && own->edns == options->edns &&
	    own->tcp_only == options->tcp_only && own->caps == options->caps &&
	    own->edns_udp_size == options->edns_udp_size &&
	    own->source.family == options->source.family &&
	    (own->source.family == AF_UNSPEC || s53_addr_same_host(&own->source, &options->source));
}

static struct s53_upstream **
bucket_of(struct s53_registry *registry, const struct s53_addr *addr)
{
	size_t len;
	const uint8_t *octets = s53_addr_octets(addr, &len);

	return &registry->buckets[(s53_hash(octets, len) ^ s53_addr_port(addr)) % BUCKETS];
}

static struct s53_upstream *
find(struct s53_registry *registry, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	struct s53_upstream *it = *bucket_of(registry, addr);

	while (it != NULL && !is_same(it, addr, options))
		it = it->bucket_next;
	return it;
}

/* At the end of the list, which keeps the order of registration. */
static void
enter(struct s53_registry *registry, struct s53_upstream *upstream)
{
	struct s53_upstream **bucket = bucket_of(registry, &upstream->addr);

	upstream->registry = registry;
	upstream->admin = (uint8_t)admin_rules_find(&registry->admin, &upstream->addr);
	upstream->bucket_next = *bucket;
	*bucket = upstream;
	s53_list_append(&registry->servers, &upstream->link);
}

static void
leave(struct s53_registry *registry, struct s53_upstream *upstream)
{
	struct s53_upstream **at = bucket_of(registry, &upstream->addr);

	while (*at != upstream)
		at = &(*at)->bucket_next;
	*at = upstream->bucket_next;
	s53_list_remove(&upstream->link);
}

static struct s53_upstream *
upstream_new(const struct s53_addr *addr, const struct s53_upstream_options *options)
{
	struct s53_upstream *upstream = aligned_alloc(64, sizeof(*upstream));

	if (upstream == NULL)
		return NULL;
	memset(upstream, 0, sizeof(*upstream));
	if (pthread_mutex_init(&upstream->lock, NULL) != 0) {
		free(upstream);
		return NULL;
	}
	upstream->addr = *addr;
	upstream->options = *options;
	for (unsigned i = 0; i < S53_PROTOCOLS; i++)
		record_init(&upstream->path[i], s53_clock_ms());
	probing_init(&upstream->probing);
	return upstream;
}

struct s53_upstream *
s53_registry_get(struct s53_registry *registry, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	struct s53_upstream_options filled = *options;
	struct s53_upstream *upstream;

	fill_in(&filled, addr);
	pthread_mutex_lock(&registry->lock);
	upstream = find(registry, addr, &filled);
	if (upstream == NULL && (upstream = upstream_new(addr, &filled)) != NULL)
		enter(registry, upstream);
	if (upstream != NULL)
		upstream->count++;
	pthread_mutex_unlock(&registry->lock);
	return upstream;
}

struct s53_upstream *
s53_upstream_keep(struct s53_upstream *upstream)
{
	pthread_mutex_lock(&upstream->registry->lock);
	upstream->count++;
	pthread_mutex_unlock(&upstream->registry->lock);
	return upstream;
}

void
s53_upstream_drop(struct s53_upstream *upstream)
{
	struct s53_registry *registry;
	bool last, empty;

	if (upstream == NULL)
		return;
	registry = upstream->registry;
	pthread_mutex_lock(&registry->lock);
	last = --upstream->count == 0;
	if (last)
		leave(registry, upstream);
	empty = last && registry->closed && s53_list_empty(&registry->servers);
	pthread_mutex_unlock(&registry->lock);
	if (last) {
		pthread_mutex_destroy(&upstream->lock);
		free(upstream);
	}
	if (empty)
		registry_destroy(registry);
}

const struct s53_addr *
s53_upstream_addr(const struct s53_upstream *upstream)
{
	return &upstream->addr;
}

const struct s53_upstream_options *
s53_upstream_options(const struct s53_upstream *upstream)
{
	return &upstream->options;
}

/* The server at `it`, with a count; NULL at the end of the list. Under the lock. */
static struct s53_upstream *
keep_at(struct s53_registry *registry, struct s53_link *it)
{
	struct s53_upstream *upstream;

	if (it == &registry->servers)
		return NULL;
	upstream = S53_CONTAINER_OF(it, struct s53_upstream, link);
	upstream->count++;
	return upstream;
}

void
s53_registry_each(struct s53_registry *registry,
    bool (*each)(struct s53_upstream *upstream, void *arg), void *arg)
{
	struct s53_upstream *upstream, *next;
	bool goes_on = true;

	pthread_mutex_lock(&registry->lock);
	upstream = keep_at(registry, registry->servers.next);
	pthread_mutex_unlock(&registry->lock);
	while (upstream != NULL) {
		goes_on = goes_on && each(upstream, arg);
		pthread_mutex_lock(&registry->lock);
		next = goes_on ? keep_at(registry, upstream->link.next) : NULL;
		pthread_mutex_unlock(&registry->lock);
		s53_upstream_drop(upstream);
		upstream = next;
	}
}

void
s53_registry_on_probe(struct s53_registry *registry, void (*wake)(void *arg), void *arg)
{
	pthread_mutex_lock(&registry->lock);
	registry->wake = wake;
	registry->wake_arg = arg;
	pthread_mutex_unlock(&registry->lock);
}

void
s53_registry_wake(struct s53_registry *registry)
{
	pthread_mutex_lock(&registry->lock);
	if (registry->wake != NULL)
		registry->wake(registry->wake_arg);
	pthread_mutex_unlock(&registry->lock);
}

struct admin_change {
	const struct s53_addr *addr;
	bool any_port;
	enum s53_admin admin;
	int count;
};

static bool
count_covered(struct s53_upstream *upstream, void *arg)
{
	struct admin_change *change = arg;

	change->count += admin_covers(change->addr, change->any_port, &upstream->addr);
	return true;
}

static bool
set_covered(struct s53_upstream *upstream, void *arg)
{
	const struct admin_change *change = arg;

	if (admin_covers(change->addr, change->any_port, &upstream->addr))
		s53_upstream_set_admin(upstream, change->admin);
	return true;
}

int
s53_registry_set_admin(
    struct s53_registry *registry, const struct s53_addr *addr, bool any_port, enum s53_admin admin)
{
	struct admin_change change = { addr, any_port, admin, 0 };
	bool remembered;

	s53_registry_each(registry, count_covered, &change);
	if (change.count == 0)
		return 0;
	pthread_mutex_lock(&registry->lock);
	remembered = admin_rules_set(&registry->admin, addr, any_port, admin);
	pthread_mutex_unlock(&registry->lock);
	if (!remembered)
		return -1;
	s53_registry_each(registry, set_covered, &change);
	return change.count;
}
