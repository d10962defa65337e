/* SPDX-License-Identifier: ISC
 *
 * asker.c - see asker.h.
 */
#include "asker.h"

#include <ares.h>
#include <event2/event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/list.h>

#define TRIES 2
#define TRY_MS 1000

struct s53_asker {
	struct event_base *base;
	ares_channel channel;
	struct event *timer;
	struct s53_link fds;
};

struct watched_fd {
	struct s53_link link;
	struct s53_asker *asker;
	ares_socket_t fd;
	struct event *event; /* NULL: none at the moment */
};

struct lookup {
	void (*found)(void *arg, enum s53_status status, const struct s53_addr *addrs,
	    unsigned count, uint32_t ttl_s);
	void *arg;
};

/* When c-ares wants to be called next; not at all while nothing is asked. */
static void
arm(struct s53_asker *asker)
{
	struct timeval tv;

	if (ares_timeout(asker->channel, NULL, &tv) != NULL)
		(void)event_add(asker->timer, &tv);
	else
		(void)event_del(asker->timer);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct s53_asker *asker = arg;

	(void)fd;
	(void)what;
	ares_process_fd(asker->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(asker);
}

static void
on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct watched_fd *watched = arg;
	struct s53_asker *asker = watched->asker; /* c-ares may close the descriptor meanwhile */

	ares_process_fd(asker->channel, (what & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (what & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	arm(asker);
}

static void
unwatch_fd(struct watched_fd *watched)
{
	if (watched->event != NULL)
		event_free(watched->event);
	watched->event = NULL;
}

static struct watched_fd *
find_fd(struct s53_asker *asker, ares_socket_t fd)
{
	struct watched_fd *watched;

	S53_LIST_EACH (&asker->fds, it) {
		watched = S53_CONTAINER_OF(it, struct watched_fd, link);
		if (watched->fd == fd)
			return watched;
	}
	watched = calloc(1, sizeof(*watched));
	if (watched == NULL)
		return NULL;
	watched->asker = asker;
	watched->fd = fd;
	s53_list_append(&asker->fds, &watched->link);
	return watched;
}

/* c-ares says what it waits for on `fd`: both 0 when it closes it. Without memory it times out. */
static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct s53_asker *asker = arg;
	struct watched_fd *watched = find_fd(asker, fd);
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

	if (watched == NULL)
		return;
	unwatch_fd(watched);
	if (what == 0) {
		s53_list_remove(&watched->link);
		free(watched);
		return;
	}
	watched->event = event_new(asker->base, fd, (short)(what | EV_PERSIST), on_fd, watched);
	if (watched->event != NULL)
		(void)event_add(watched->event, NULL);
}

static bool
open_channel(struct s53_asker *asker)
{
	char lookups[] = "fb"; /* /etc/hosts, then DNS */
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.tries = TRIES,
		.timeout = TRY_MS,
		.lookups = lookups,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = asker,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS | ARES_OPT_LOOKUPS |
	    ARES_OPT_SOCK_STATE_CB;

#ifdef ARES_OPT_QUERY_CACHE /* on by default since 1.31; TTLs are watched here */
	options.qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	if (ares_init_options(&asker->channel, &options, mask) != ARES_SUCCESS)
		return false;
	if (ares_set_servers_ports_csv(asker->channel, "") == ARES_SUCCESS)
		return true;
	ares_destroy(asker->channel);
	return false;
}

struct s53_asker *
s53_asker_new(struct event_base *base)
{
	struct s53_asker *asker = calloc(1, sizeof(*asker));

	if (asker == NULL)
		return NULL;
	asker->base = base;
	s53_list_init(&asker->fds);
	asker->timer = evtimer_new(base, on_timer, asker);
	if (asker->timer == NULL)
		goto failed;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		goto failed;
	if (open_channel(asker))
		return asker;
	ares_library_cleanup();
failed:
	if (asker->timer != NULL)
		event_free(asker->timer);
	free(asker);
	return NULL;
}

void
s53_asker_free(struct s53_asker *asker)
{
	struct s53_link *link;

	if (asker == NULL)
		return;
	ares_destroy(asker->channel);
	ares_library_cleanup();
	while ((link = s53_list_pop(&asker->fds)) != NULL) {
		struct watched_fd *watched = S53_CONTAINER_OF(link, struct watched_fd, link);

		unwatch_fd(watched);
		free(watched);
	}
	event_free(asker->timer);
	free(asker);
}

/* "192.0.2.1:53", "[2001:db8::1]:53". Returns the length, 0: c-ares has no way to say it. */
static size_t
print_server(const struct s53_addr *server, char *text, size_t size)
{
	struct s53_addr bare = *server;
	char host[S53_ADDR_TEXT], interface[IF_NAMESIZE] = "";
	unsigned port = s53_addr_port(server) != 0 ? s53_addr_port(server) : 53;
	int len;

	if (server->family == AF_INET6 && server->in6.sin6_scope_id != 0) {
		bare.in6.sin6_scope_id = 0;
		if (ARES_VERSION < 0x011800 || /* no interfaces before 1.24 */
		    if_indextoname(server->in6.sin6_scope_id, interface) == NULL)
			return 0;
	}
	s53_addr_print_host(&bare, host);
	if (server->family == AF_INET)
		len = snprintf(text, size, "%s:%u", host, port);
	else if (interface[0] != '\0')
		len = snprintf(text, size, "[%s]:%u%%%s", host, port, interface);
	else
		len = snprintf(text, size, "[%s]:%u", host, port);
	return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

enum s53_status
s53_asker_use(struct s53_asker *asker, const struct s53_addr *servers, unsigned count)
{
	char list[S53_HOST_ADDRS_MAX * (S53_ADDR_TEXT + IF_NAMESIZE + 10)] = "";
	size_t at = 0;

	for (unsigned i = 0; i < count && i < S53_HOST_ADDRS_MAX; i++) {
		size_t comma = at > 0 ? 1 : 0;
		size_t len =
		    print_server(&servers[i], list + at + comma, sizeof(list) - at - comma);

		if (len == 0)
			continue;
		if (comma)
			list[at] = ',';
		at += comma + len;
	}
	list[at] = '\0';
	ares_cancel(asker->channel); /* 1.18 takes no other servers while it asks */
	if (ares_set_servers_ports_csv(asker->channel, list) != ARES_SUCCESS)
		return S53_E_NOMEM;
	return S53_OK;
}

static enum s53_status
status_of(int ares_status)
{
	switch (ares_status) {
	case ARES_SUCCESS:
		return S53_OK;
	case ARES_ENOTFOUND:
	case ARES_ENODATA:
	case ARES_ENONAME:
	case ARES_EBADNAME:
		return S53_E_ABSENT;
	default:
		return S53_E_IO;
	}
}

/* How many addresses were copied out; *ttl_s: the shortest TTL. */
static unsigned
copy_addrs(const struct ares_addrinfo *info, struct s53_addr *out, uint32_t *ttl_s)
{
	unsigned count = 0;

	*ttl_s = UINT32_MAX;
	for (const struct ares_addrinfo_node *it = info->nodes;
	     it != NULL && count < S53_HOST_ADDRS_MAX; it = it->ai_next) {
		size_t len = (size_t)it->ai_addrlen;

		if ((it->ai_family != AF_INET && it->ai_family != AF_INET6) ||
		    len > sizeof(out[count]))
			continue;
		memset(&out[count], 0, sizeof(out[count]));
		memcpy(&out[count], it->ai_addr, len);
		s53_addr_set_port(&out[count], 0);
		count++;
		if (it->ai_ttl >= 0 && (uint32_t)it->ai_ttl < *ttl_s)
			*ttl_s = (uint32_t)it->ai_ttl;
	}
	return count;
}

static void
on_found(void *arg, int ares_status, int timeouts, struct ares_addrinfo *info)
{
	struct lookup lookup = *(struct lookup *)arg;
	struct s53_addr addrs[S53_HOST_ADDRS_MAX];
	enum s53_status status = status_of(ares_status);
	uint32_t ttl_s = 0;
	unsigned count = 0;

	(void)timeouts;
	free(arg);
	if (status == S53_OK && info != NULL)
		count = copy_addrs(info, addrs, &ttl_s);
	if (info != NULL)
		ares_freeaddrinfo(info);
	if (status == S53_OK && count == 0)
		status = S53_E_ABSENT;
	lookup.found(lookup.arg, status, addrs, count, ttl_s);
}

void
s53_asker_look_up(struct s53_asker *asker, const char *name,
    void (*found)(void *arg, enum s53_status status, const struct s53_addr *addrs, unsigned count,
	uint32_t ttl_s),
    void *arg)
{
	struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC };
	struct lookup *lookup = malloc(sizeof(*lookup));

	if (lookup == NULL) {
		found(arg, S53_E_IO, NULL, 0, 0);
		return;
	}
	*lookup = (struct lookup){ found, arg };
	ares_getaddrinfo(asker->channel, name, NULL, &hints, on_found, lookup);
	arm(asker);
}
