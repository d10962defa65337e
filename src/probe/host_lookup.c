/* SPDX-License-Identifier: ISC
 *
 * host_lookup.c - see host_lookup.h.
 */
#include "host_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "channel.h"

#define TRIES 2
#define TRY_MS 1000
#define FLAGS (ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES)

_Static_assert(S53_CHANNEL_SERVERS_MAX >= S53_HOST_ADDRS_MAX, "a channel takes all servers");

struct s53_host_lookup {
	struct s53_channel channel;
};

struct request {
	void (*found)(void *arg, enum s53_status status, const struct s53_addr *addrs,
	    unsigned count, uint32_t ttl_s);
	void *arg;
};

struct s53_host_lookup *
s53_host_lookup_new(struct event_base *base)
{
	struct s53_host_lookup *lookup = calloc(1, sizeof(*lookup));
	char lookups[] = "fb"; /* /etc/hosts, then DNS */
	struct ares_options options = {
		.flags = FLAGS,
		.tries = TRIES,
		.timeout = TRY_MS,
		.lookups = lookups,
	};

	if (lookup == NULL)
		return NULL;
	lookup->channel.base = base;
	if (s53_channel_open(&lookup->channel, &options,
		ARES_OPT_FLAGS | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS | ARES_OPT_LOOKUPS))
		return lookup;
	free(lookup);
	return NULL;
}

void
s53_host_lookup_free(struct s53_host_lookup *lookup)
{
	if (lookup == NULL)
		return;
	s53_channel_close(&lookup->channel);
	free(lookup);
}

enum s53_status
s53_host_lookup_use(struct s53_host_lookup *lookup, const struct s53_addr *servers, unsigned count)
{
	return s53_channel_set_servers(&lookup->channel, servers, count) ? S53_OK : S53_E_NOMEM;
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

/* Returns the number of addresses; *ttl_s: the shortest TTL. */
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
	struct request request = *(struct request *)arg;
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
	request.found(request.arg, status, addrs, count, ttl_s);
}

void
s53_host_lookup_look_up(struct s53_host_lookup *lookup, const char *name,
    void (*found)(void *arg, enum s53_status status, const struct s53_addr *addrs, unsigned count,
	uint32_t ttl_s),
    void *arg)
{
	struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC };
	struct request *request = malloc(sizeof(*request));

	if (request == NULL) {
		found(arg, S53_E_IO, NULL, 0, 0);
		return;
	}
	*request = (struct request){ found, arg };
	ares_getaddrinfo(lookup->channel.ares, name, NULL, &hints, on_found, request);
	s53_channel_arm(&lookup->channel);
}

/* The addresses that /etc/hosts has for a name. */
struct file_addrs {
	struct s53_addr *addrs;
	unsigned count;
};

static void
on_found_in_file(void *arg, int ares_status, int timeouts, struct ares_addrinfo *info)
{
	struct file_addrs *found = arg;
	uint32_t ttl_s;

	(void)timeouts;
	if (ares_status == ARES_SUCCESS && info != NULL)
		found->count = copy_addrs(info, found->addrs, &ttl_s);
	if (info != NULL)
		ares_freeaddrinfo(info);
}

unsigned
s53_host_lookup_in_file(const char *name, struct s53_addr out[static S53_HOST_ADDRS_MAX])
{
	const struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT,
		.ai_family = AF_UNSPEC };
	char lookups[] = "f"; /* no DNS: the callback is called before ares_getaddrinfo() returns */
	struct ares_options options = { .flags = FLAGS, .lookups = lookups };
	struct file_addrs found = { .addrs = out };
	ares_channel channel;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return 0;
	if (ares_init_options(&channel, &options, ARES_OPT_FLAGS | ARES_OPT_LOOKUPS) ==
	    ARES_SUCCESS) {
		ares_getaddrinfo(channel, name, NULL, &hints, on_found_in_file, &found);
		ares_destroy(channel);
	}
	ares_library_cleanup();
	return found.count;
}
