/* SPDX-License-Identifier: ISC
 *
 * peers.c - lists of servers (forwarders, primaries) as groups, and the default group.
 */
#include "builder.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <split53/hash.h>

/* A group while it is built. */
struct gathering {
	struct setup_builder *builder;
	struct setup_peers *peers;
	struct s53_group_member members[S53_GROUP_MAX];
	unsigned count;
	uint64_t counted[S53_GROUP_MAX]; /* the hashes in peers->id, each once */
	unsigned counted_count;
};

/* Text is hashed, so that the result is the same in every process. */
static uint64_t
hash_of(const char *words)
{
	return s53_hash_stable(words, strlen(words));
}

/* Add the hash of one more peer to that of the list, once. */
static void
count_peer(struct gathering *gathering, uint64_t hash)
{
	for (unsigned i = 0; i < gathering->counted_count; i++)
		if (gathering->counted[i] == hash)
			return;
	if (gathering->counted_count < S53_GROUP_MAX)
		gathering->counted[gathering->counted_count++] = hash;
	gathering->peers->id += hash; /* the order does not matter */
}

/* How a server is queried, as text. */
#define OPTIONS_WORDS (S53_ADDR_TEXT + 32)

static const char *
options_words(const struct s53_upstream_options *options, char words[static OPTIONS_WORDS])
{
	char source[S53_ADDR_TEXT] = "";

	if (options->source.family != AF_UNSPEC)
		s53_addr_print_host(&options->source, source);
	snprintf(words, OPTIONS_WORDS, "%d %d %u %s", options->edns, options->tcp_only,
	    options->edns_udp_size, source);
	return words;
}

static bool
same_options(const struct s53_upstream_options *a, const struct s53_upstream_options *b)
{
	return a->edns == b->edns && a->tcp_only == b->tcp_only &&
	    a->edns_udp_size == b->edns_udp_size && a->source.family == b->source.family &&
	    (a->source.family == AF_UNSPEC || s53_addr_same_host(&a->source, &b->source));
}

static void
count_address(struct gathering *gathering, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	struct setup_server_hash *last = &gathering->builder->last_hash;
	char text[S53_ADDR_TEXT], how[OPTIONS_WORDS], words[S53_ADDR_TEXT + OPTIONS_WORDS];

	if (last->addr.family == AF_UNSPEC || !s53_addr_equal(&last->addr, addr) ||
	    !same_options(&last->options, options)) {
		snprintf(words, sizeof(words), "%s %s", s53_addr_print(addr, text),
		    options_words(options, how));
		*last = (struct setup_server_hash){ *addr, *options, hash_of(words) };
	}
	count_peer(gathering, last->hash);
}

/* A host counts by its name: other addresses do not make its cached responses invalid. */
static void
count_host(struct gathering *gathering, const char *name, uint16_t port)
{
	char words[S53_NAME_TEXT + 2 * OPTIONS_WORDS + 16], how[2][OPTIONS_WORDS];
	struct s53_addr any = { .family = AF_INET };
	struct s53_upstream_options options;
	int len;

	setup_server_options(gathering->builder, gathering->peers->view_body, &any, &options);
	options_words(&options, how[0]);
	any.family = AF_INET6;
	setup_server_options(gathering->builder, gathering->peers->view_body, &any, &options);
	len = snprintf(words, sizeof(words), "%s", name);
	for (char *at = words; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	if (len > 0 && len < (int)sizeof(words))
		snprintf(words + len, sizeof(words) - (size_t)len, " port %u %s %s", port, how[0],
		    options_words(&options, how[1]));
	count_peer(gathering, hash_of(words));
}

static void
add_text(struct gathering *gathering, const char *word)
{
	const char *before = gathering->peers->text;

	if (gathering->builder->input->want_notes)
		gathering->peers->text = before == NULL
		    ? builder_text(gathering->builder, "%s", word)
		    : builder_text(gathering->builder, "%s %s", before, word);
}

static void
drop_upstream(void *upstream)
{
	s53_upstream_drop(upstream);
}

/* As in BIND, blackhole applies to servers as well as to clients. */
static bool
is_blackholed(const struct gathering *gathering, const struct s53_addr *addr)
{
	struct setup_builder *builder = gathering->builder;
	const struct s53_acl *blackhole = builder->snapshot->policy.blackhole;
	const struct s53_conf_value *value = gathering->peers->value;
	const struct s53_place nowhere = { 0 };
	char text[S53_ADDR_TEXT];

	if (blackhole == NULL || !s53_acl_allows(blackhole, addr))
		return false;
	builder_warn(builder, value != NULL ? value->place : nowhere,
	    "%s is in blackhole and will not be asked", s53_addr_print(addr, text));
	return true;
}

/* One server of the list. */
struct entry {
	const struct s53_addr *addr;
	unsigned tier;
	struct s53_place place; /* for a warning */
	bool is_written; /* by its address, so that it enters the hash of the list */
};

/* A server that is in the list twice is used once, with its first tier. */
static void
add_member(struct gathering *gathering, struct s53_upstream *upstream, const struct entry *entry)
{
	char text[S53_ADDR_TEXT];

	for (unsigned i = 0; i < gathering->count; i++) {
		const struct s53_group_member *member = &gathering->members[i];

		if (member->server != upstream)
			continue;
		if (member->tier != entry->tier)
			builder_warn(gathering->builder, entry->place,
			    "%s is in this list twice: tier %u counts, and not tier %u",
			    s53_addr_print(entry->addr, text), member->tier, entry->tier);
		return;
	}
	gathering->members[gathering->count++] =
	    (struct s53_group_member){ .server = upstream, .tier = entry->tier };
	setup_health_check_add(gathering->builder, gathering->peers, upstream,
	    setup_server_find(gathering->builder, gathering->peers->view_body, entry->addr));
}

static void
add_server(struct gathering *gathering, const struct entry *entry)
{
	struct setup_builder *builder = gathering->builder;
	struct s53_upstream_options options;
	struct s53_upstream *upstream;

	if (is_blackholed(gathering, entry->addr))
		return;
	if (!setup_server_options(builder, gathering->peers->view_body, entry->addr, &options) ||
	    gathering->count == S53_GROUP_MAX)
		return;
	if (entry->is_written)
		count_address(gathering, entry->addr, &options);
	upstream = s53_registry_get(builder->input->registry, entry->addr, &options);
	if (!s53_snapshot_own(builder->snapshot, upstream, drop_upstream))
		builder->no_memory = true;
	else
		add_member(gathering, upstream, entry);
}

/* A nameserver of the system or a built-in one: in the first tier. */
static void
add_plain(struct gathering *gathering, const struct s53_addr *addr)
{
	char text[S53_ADDR_TEXT];

	add_text(gathering, s53_addr_print(addr, text));
	add_server(gathering, &(struct entry){ .addr = addr, .tier = 1, .is_written = true });
}

/* "(tier 2)" after the server, unless it is tier 1. */
static void
add_tier_text(struct gathering *gathering, unsigned tier)
{
	char text[24];

	if (tier == 1)
		return;
	snprintf(text, sizeof(text), "(tier %u)", tier);
	add_text(gathering, text);
}

/* An address as written. One of our own is left out: it would be a loop. */
static void
add_address(
    struct gathering *gathering, const struct s53_conf_peer *peer, uint16_t port, unsigned tier)
{
	struct s53_addr addr = peer->addr;
	char text[S53_ADDR_TEXT];

	s53_addr_set_port(&addr, port);
	if (builder_is_ourselves(gathering->builder, &addr)) {
		builder_warn(gathering->builder, peer->place,
		    "%s is where split53 itself listens: left out, it would ask itself for ever",
		    s53_addr_print(&addr, text));
		return;
	}
	if (gathering->builder->input->want_notes)
		add_text(gathering, s53_addr_print(&addr, text));
	add_tier_text(gathering, tier);
	add_server(gathering,
	    &(struct entry){
		.addr = &addr, .tier = tier, .place = peer->place, .is_written = true });
}

/* The name is watched while the snapshot is in force. */
static void
note_host(struct setup_builder *builder, const char *name)
{
	struct s53_snapshot_host *host = builder_alloc(builder, sizeof(*host));

	if (host == NULL)
		return;
	host->name = builder_text(builder, "%s", name);
	host->next = builder->snapshot->hosts;
	builder->snapshot->hosts = host;
}

static void
add_host(
    struct gathering *gathering, const struct s53_conf_peer *peer, uint16_t port, unsigned tier)
{
	const char *name = peer->text;
	struct setup_builder *builder = gathering->builder;
	const struct s53_known_hosts *known = &builder->input->hosts;
	struct s53_addr addrs[S53_HOST_ADDRS_MAX];
	char *text = builder_text(builder, "%s#%u", name, port);
	unsigned count = 0;

	if (text == NULL)
		return;
	add_text(gathering, text);
	add_tier_text(gathering, tier);
	count_host(gathering, name, port);
	note_host(builder, name);
	if (known->addrs != NULL)
		count = known->addrs(known->known, name, addrs);
	for (unsigned i = 0; i < count; i++) {
		s53_addr_set_port(&addrs[i], port);
		if (!builder_is_ourselves(builder, &addrs[i]))
			add_server(gathering,
			    &(struct entry){
				.addr = &addrs[i], .tier = tier, .place = peer->place });
	}
}

/* `tier`: of peers without one; a list has that of its name in the list around it. */
static void
add_peers(
    struct gathering *gathering, const struct s53_conf_value *value, unsigned tier, unsigned depth)
{
	const struct s53_conf *conf = gathering->builder->input->source->file;

	for (const struct s53_conf_peer *peer = value->peers; peer != NULL; peer = peer->next) {
		const struct s53_conf_clause *list = NULL;
		unsigned own = peer->tier != 0 ? peer->tier : tier;
		uint16_t port = peer->port;

		if (port == 0)
			port = value->port != 0 ? value->port : S53_DNS_PORT;
		if (peer->is_address) {
			add_address(gathering, peer, port, own);
			continue;
		}
		if (gathering->peers->lists && conf != NULL)
			list = s53_conf_servers(conf, peer->text);
		if (list == NULL)
			add_host(gathering, peer, port, own);
		else if (depth < 8) /* lists may name lists; a cycle ends here */
			add_peers(gathering, &list->value, own, depth + 1);
	}
}

static void
free_group(void *group)
{
	s53_group_free(group);
}

static struct s53_group *
end_group(struct gathering *gathering)
{
	struct s53_group_rules rules;
	struct s53_group *group;

	setup_group_rules(gathering->builder, gathering->peers, &rules);
	group = s53_group_new(gathering->members, gathering->count, &rules);
	if (gathering->peers->text == NULL)
		add_text(gathering, "nobody: answered SERVFAIL");
	if (!s53_snapshot_own(gathering->builder->snapshot, group, free_group)) {
		gathering->builder->no_memory = true;
		return NULL;
	}
	return group;
}

struct s53_group *
setup_peers_group(struct setup_builder *builder, struct setup_peers *peers)
{
	struct gathering gathering = { .builder = builder, .peers = peers };

	add_peers(&gathering, peers->value, 1, 0);
	return end_group(&gathering);
}

struct s53_group *
setup_peers_default(struct setup_builder *builder, struct setup_peers *peers, const char **place)
{
	static const char *const fallback[] = { "8.8.8.8", "8.8.4.4" };
	const struct s53_setup_input *input = builder->input;
	struct gathering gathering = { .builder = builder, .peers = peers };
	const struct s53_snapshot_servers *servers = setup_nameservers(builder);
	struct s53_addr addr;
	struct s53_group *group;

	if (!builder->host_servers_chosen)
		builder->snapshot->host_servers = *servers;
	for (unsigned i = 0; i < servers->count; i++)
		add_plain(&gathering, &servers->addrs[i]);
	for (unsigned i = 0; i < 2 && servers->count == 0; i++) {
		if (s53_addr_parse(fallback[i], S53_DNS_PORT, &addr) == S53_OK)
			add_plain(&gathering, &addr);
	}
	if (!input->want_notes)
		builder_notice(builder, (struct s53_place){ 0 },
		    servers->count == 0
			? "no forwarders are configured, and %s names no other server:"
			  " forwarding to 8.8.8.8 and 8.8.4.4"
			: "no forwarders are configured: forwarding to the nameservers of %s",
		    input->resolv_conf);
	group = end_group(&gathering);
	*place = servers->count == 0 ? "built in" : input->resolv_conf;
	return group;
}
