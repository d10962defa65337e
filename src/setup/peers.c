/* SPDX-License-Identifier: ISC
 *
 * peers.c - makes groups from lists of servers (forwarders, primaries), and the default group.
 */
#include "builder.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <split53/hash.h>

#define ITSELF "it is where split53 itself listens"

/* A group that is being built. */
struct group_builder {
	struct setup_builder *builder;
	struct setup_peers *peers;
	struct s53_group_member members[S53_GROUP_MAX];
	unsigned count;
	uint64_t counted[S53_GROUP_MAX]; /* the hashes in peers->id, without duplicates */
	unsigned counted_count;
	const char *why_left_out; /* of the first server that was left out; static */
	bool has_hosts; /* their addresses may become known later */
};

/* Text is hashed, so that the result is the same in every process. */
static uint64_t
hash_of(const char *words)
{
	return s53_hash_stable(words, strlen(words));
}

/* Add the hash of one more peer to that of the list, unless it is in there. */
static void
count_peer(struct group_builder *group_builder, uint64_t hash)
{
	for (unsigned i = 0; i < group_builder->counted_count; i++)
		if (group_builder->counted[i] == hash)
			return;
	if (group_builder->counted_count < S53_GROUP_MAX)
		group_builder->counted[group_builder->counted_count++] = hash;
	group_builder->peers->id += hash; /* the order does not matter */
}

/*
 * The options of a server as text. `use-caps-for-id no` is part of it: the cache may have
 * negative answers that a server gave to a name in random letter case.
 */
#define OPTIONS_WORDS (S53_ADDR_TEXT + 64)
#define NO_CAPS " use-caps-for-id no"

static const char *
options_words(const struct s53_upstream_options *options, char words[static OPTIONS_WORDS])
{
	char source[S53_ADDR_TEXT] = "";

	if (options->source.family != AF_UNSPEC)
		s53_addr_print_host(&options->source, source);
	snprintf(words, OPTIONS_WORDS, "%d %d %u %s%s", options->edns, options->tcp_only,
	    options->edns_udp_size, source, options->caps == S53_CAPS_NO ? NO_CAPS : "");
	return words;
}

static bool
same_options(const struct s53_upstream_options *a, const struct s53_upstream_options *b)
{
	return a->edns == b->edns && a->tcp_only == b->tcp_only && a->caps == b->caps &&
	    a->edns_udp_size == b->edns_udp_size && a->source.family == b->source.family &&
	    (a->source.family == AF_UNSPEC || s53_addr_same_host(&a->source, &b->source));
}

static void
count_address(struct group_builder *group_builder, const struct s53_addr *addr,
    const struct s53_upstream_options *options)
{
	struct setup_server_hash *last = &group_builder->builder->last_hash;
	char text[S53_ADDR_TEXT], how[OPTIONS_WORDS], words[S53_ADDR_TEXT + OPTIONS_WORDS];

	if (last->addr.family == AF_UNSPEC || !s53_addr_equal(&last->addr, addr) ||
	    !same_options(&last->options, options)) {
		snprintf(words, sizeof(words), "%s %s", s53_addr_print(addr, text),
		    options_words(options, how));
		*last = (struct setup_server_hash){ *addr, *options, hash_of(words) };
	}
	count_peer(group_builder, last->hash);
}

/* A host counts by its name: new addresses do not invalidate its cached responses. */
static void
count_host(struct group_builder *group_builder, const char *name, uint16_t port)
{
	char words[S53_NAME_TEXT + 2 * OPTIONS_WORDS + 16], how[2][OPTIONS_WORDS];
	struct s53_addr any = { .family = AF_INET };
	struct s53_upstream_options options;
	int len;

	setup_server_options(
	    group_builder->builder, group_builder->peers->view_body, &any, &options);
	options_words(&options, how[0]);
	any.family = AF_INET6;
	setup_server_options(
	    group_builder->builder, group_builder->peers->view_body, &any, &options);
	len = snprintf(words, sizeof(words), "%s", name);
	for (char *at = words; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	if (len > 0 && len < (int)sizeof(words))
		snprintf(words + len, sizeof(words) - (size_t)len, " port %u %s %s", port, how[0],
		    options_words(&options, how[1]));
	count_peer(group_builder, hash_of(words));
}

static void
add_text(struct group_builder *group_builder, const char *word)
{
	const char *before = group_builder->peers->text;

	if (group_builder->builder->input->want_notes)
		group_builder->peers->text = before == NULL
		    ? builder_text(group_builder->builder, "%s", word)
		    : builder_text(group_builder->builder, "%s %s", before, word);
}

static void
drop_upstream(void *upstream)
{
	s53_upstream_drop(upstream);
}

/* `why` is the text of an extended error if no server is left. */
static const char *
leave_out(struct group_builder *group_builder, const char *why)
{
	if (group_builder->why_left_out == NULL)
		group_builder->why_left_out = why;
	return why;
}

/* As in BIND, blackhole applies to servers as well as to clients. */
static bool
is_blackholed(const struct group_builder *group_builder, const struct s53_addr *addr)
{
	struct setup_builder *builder = group_builder->builder;
	const struct s53_acl *blackhole = builder->snapshot->policy.blackhole;
	const struct s53_conf_value *value = group_builder->peers->value;
	const struct s53_place nowhere = { 0 };
	char text[S53_ADDR_TEXT];

	if (blackhole == NULL || !s53_acl_allows(blackhole, addr))
		return false;
	builder_warn(builder, value != NULL ? value->place : nowhere,
	    "%s is in blackhole and gets no queries", s53_addr_print(addr, text));
	return true;
}

/* A server of the list. */
struct entry {
	const struct s53_addr *addr;
	unsigned tier;
	struct s53_place place; /* for a warning */
	bool is_written; /* as an address, so that it enters the hash of the list */
};

/* A server that is in the list twice is used once, with its first tier. */
static void
add_member(
    struct group_builder *group_builder, struct s53_upstream *upstream, const struct entry *entry)
{
	char text[S53_ADDR_TEXT];

	for (unsigned i = 0; i < group_builder->count; i++) {
		const struct s53_group_member *member = &group_builder->members[i];

		if (member->server != upstream)
			continue;
		if (member->tier != entry->tier)
			builder_warn(group_builder->builder, entry->place,
			    "%s is in this list twice: tier %u is used, not tier %u",
			    s53_addr_print(entry->addr, text), member->tier, entry->tier);
		return;
	}
	group_builder->members[group_builder->count++] =
	    (struct s53_group_member){ .server = upstream, .tier = entry->tier };
	setup_health_check_add(group_builder->builder, group_builder->peers, upstream,
	    setup_server_find(
		group_builder->builder, group_builder->peers->view_body, entry->addr));
}

/* Why servers of this family are not used: see setup_server_options(). */
static const char *
why_unused(const struct setup_builder *builder, sa_family_t family)
{
	int only = builder->input->options->family;
	bool by_flag = only != AF_UNSPEC && only != family;

	if (family == AF_INET)
		return by_flag ? "it is IPv4, and -6 is given" : "query-source is none";
	return by_flag ? "it is IPv6, and -4 is given" : "query-source-v6 is none";
}

/* NULL, or a static text that says why the server is not used. */
static const char *
add_server(struct group_builder *group_builder, const struct entry *entry)
{
	struct setup_builder *builder = group_builder->builder;
	struct s53_upstream_options options;
	struct s53_upstream *upstream;

	if (is_blackholed(group_builder, entry->addr))
		return leave_out(group_builder, "it is in blackhole");
	if (!setup_server_options(builder, group_builder->peers->view_body, entry->addr, &options))
		return leave_out(group_builder, why_unused(builder, entry->addr->family));
	if (group_builder->count == S53_GROUP_MAX)
		return leave_out(group_builder, "the list is too long");
	if (entry->is_written)
		count_address(group_builder, entry->addr, &options);
	upstream = s53_registry_get(builder->input->registry, entry->addr, &options);
	if (!s53_snapshot_own(builder->snapshot, upstream, drop_upstream))
		builder->no_memory = true;
	else
		add_member(group_builder, upstream, entry);
	return NULL;
}

/* Append why the server is not used to its address in the text. */
static void
add_left_out_text(struct group_builder *group_builder, const char *why)
{
	char text[64];

	if (why == NULL || !group_builder->builder->input->want_notes)
		return;
	snprintf(text, sizeof(text), "(not queried: %s)", why);
	add_text(group_builder, text);
}

/* A nameserver of the system or a built-in one: in the first tier. */
static void
add_plain(struct group_builder *group_builder, const struct s53_addr *addr)
{
	char text[S53_ADDR_TEXT];

	add_text(group_builder, s53_addr_print(addr, text));
	add_left_out_text(group_builder,
	    add_server(
		group_builder, &(struct entry){ .addr = addr, .tier = 1, .is_written = true }));
}

/* Append "(tier 2)" to the server in the text, unless it is tier 1. */
static void
add_tier_text(struct group_builder *group_builder, unsigned tier)
{
	char text[24];

	if (tier == 1)
		return;
	snprintf(text, sizeof(text), "(tier %u)", tier);
	add_text(group_builder, text);
}

/* Add an address as written. One of our own is left out if it would be a loop. */
static void
add_address(struct group_builder *group_builder, const struct s53_conf_peer *peer, uint16_t port,
    unsigned tier)
{
	struct s53_addr addr = peer->addr;
	char text[S53_ADDR_TEXT];

	s53_addr_set_port(&addr, port);
	if (setup_is_itself(group_builder->builder, group_builder->peers->view_body, &addr)) {
		builder_warn(group_builder->builder, peer->place,
		    "%s is where split53 itself listens: ignored, because queries would loop",
		    s53_addr_print(&addr, text));
		add_text(group_builder, text);
		add_left_out_text(group_builder, leave_out(group_builder, ITSELF));
		return;
	}
	if (group_builder->builder->input->want_notes)
		add_text(group_builder, s53_addr_print(&addr, text));
	add_tier_text(group_builder, tier);
	add_left_out_text(group_builder,
	    add_server(group_builder,
		&(struct entry){
		    .addr = &addr, .tier = tier, .place = peer->place, .is_written = true }));
}

/* The host's addresses are watched while the snapshot is in force. */
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
add_host(struct group_builder *group_builder, const struct s53_conf_peer *peer, uint16_t port,
    unsigned tier)
{
	const char *name = peer->text;
	struct setup_builder *builder = group_builder->builder;
	const struct s53_known_hosts *known = &builder->input->hosts;
	struct s53_addr addrs[S53_HOST_ADDRS_MAX];
	char *text = builder_text(builder, "%s#%u", name, port);
	unsigned count = 0;

	if (text == NULL)
		return;
	group_builder->has_hosts = true;
	add_text(group_builder, text);
	add_tier_text(group_builder, tier);
	count_host(group_builder, name, port);
	note_host(builder, name);
	if (known->addrs != NULL)
		count = known->addrs(known->known, name, addrs);
	for (unsigned i = 0; i < count; i++) {
		s53_addr_set_port(&addrs[i], port);
		if (setup_is_itself(builder, group_builder->peers->view_body, &addrs[i]))
			leave_out(group_builder, ITSELF);
		else
			add_server(group_builder,
			    &(struct entry){
				.addr = &addrs[i], .tier = tier, .place = peer->place });
	}
}

/* `tier`: for peers without one; a list has the tier of its name in the outer list. */
static void
add_peers(struct group_builder *group_builder, const struct s53_conf_value *value, unsigned tier,
    unsigned depth)
{
	const struct s53_conf *conf = group_builder->builder->input->source->file;

	for (const struct s53_conf_peer *peer = value->peers; peer != NULL; peer = peer->next) {
		const struct s53_conf_statement *list = NULL;
		unsigned own = peer->tier != 0 ? peer->tier : tier;
		uint16_t port = peer->port;

		if (port == 0)
			port = value->port != 0 ? value->port : S53_DNS_PORT;
		if (peer->is_address) {
			add_address(group_builder, peer, port, own);
			continue;
		}
		if (group_builder->peers->lists && conf != NULL)
			list = s53_conf_servers(conf, peer->text);
		if (list == NULL)
			add_host(group_builder, peer, port, own);
		else if (depth < 8) /* lists may contain lists; a cycle ends here */
			add_peers(group_builder, &list->value, own, depth + 1);
	}
}

static void
free_group(void *group)
{
	s53_group_free(group);
}

static struct s53_group *
end_group(struct group_builder *group_builder)
{
	struct s53_group_rules rules;
	struct s53_group *group;

	setup_group_rules(group_builder->builder, group_builder->peers, &rules);
	if (rules.no_caps)
		count_peer(group_builder, hash_of(NO_CAPS));
	rules.why_empty = group_builder->why_left_out;
	group = s53_group_new(group_builder->members, group_builder->count, &rules);
	if (group_builder->count == 1)
		setup_health_check_alone(group_builder->builder);
	if (group_builder->peers->text == NULL)
		add_text(group_builder, "no server: queries get SERVFAIL");
	else if (group_builder->count == 0 && !group_builder->has_hosts)
		add_text(group_builder, "so queries get SERVFAIL");
	if (!s53_snapshot_own(group_builder->builder->snapshot, group, free_group)) {
		group_builder->builder->no_memory = true;
		return NULL;
	}
	return group;
}

struct s53_group *
setup_peers_group(struct setup_builder *builder, struct setup_peers *peers)
{
	struct group_builder group_builder = { .builder = builder, .peers = peers };

	add_peers(&group_builder, peers->value, 1, 0);
	return end_group(&group_builder);
}

struct s53_group *
setup_peers_default(struct setup_builder *builder, struct setup_peers *peers, const char **place)
{
	static const char *const fallback[] = { "8.8.8.8", "8.8.4.4" };
	const struct s53_setup_input *input = builder->input;
	struct group_builder group_builder = { .builder = builder, .peers = peers };
	const struct s53_snapshot_servers *servers = setup_nameservers(builder);
	struct s53_addr addr;
	struct s53_group *group;

	if (!builder->host_servers_chosen)
		builder->snapshot->host_servers = *servers;
	for (unsigned i = 0; i < servers->count; i++)
		add_plain(&group_builder, &servers->addrs[i]);
	for (unsigned i = 0; i < 2 && servers->count == 0; i++) {
		if (s53_addr_parse(fallback[i], S53_DNS_PORT, &addr) == S53_OK)
			add_plain(&group_builder, &addr);
	}
	setup_no_forwarders_report(builder, peers->view_body);
	group = end_group(&group_builder);
	*place = servers->count == 0 ? "built in" : input->resolv_conf;
	return group;
}
