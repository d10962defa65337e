/* SPDX-License-Identifier: ISC
 *
 * setup_peers.c - forwarders and primaries as groups of upstreams, and the default group.
 */
#include "builder.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <split53/hash.h>

/* A group in the making. */
struct gathering {
	struct s53_setup *setup;
	struct s53_setup_peers *peers;
	struct s53_group_member members[S53_GROUP_MAX];
	unsigned count;
	uint64_t counted[S53_GROUP_MAX]; /* in peers->id, which each peer enters once */
	unsigned counted_count;
};

static const struct s53_conf_clause *
next_server(const struct s53_conf_clause *first)
{
	return s53_conf_find(first, "server");
}

/*
 * The server clauses that hold in a view: its own hide the global ones. Listed once a view, since
 * they stand among zones, of which there may be thousands.
 */
static const struct setup_servers *
servers_of(struct s53_setup *setup, const struct s53_conf_clause *view_body)
{
	struct setup_servers *servers = &setup->servers;
	const struct s53_conf_clause *first, *it;
	unsigned count = 0;

	if (servers->known && servers->view_body == view_body)
		return servers;
	if ((first = next_server(view_body)) == NULL)
		first = next_server(s53_setup_top(setup->input->source));
	for (it = first; it != NULL; it = next_server(it->next))
		count++;
	*servers = (struct setup_servers){ .known = true, .view_body = view_body };
	servers->clauses = s53_arena_zalloc(&setup->scratch, (count + 1) * sizeof(it));
	if (servers->clauses == NULL) {
		setup->no_memory = true;
		return servers;
	}
	for (it = first; it != NULL; it = next_server(it->next))
		servers->clauses[servers->count++] = it;
	return servers;
}

/* The server clause with the longest prefix that holds `addr`. */
static const struct s53_conf_clause *
find_server(const struct gathering *gathering, const struct s53_addr *addr)
{
	const struct setup_servers *servers =
	    servers_of(gathering->setup, gathering->peers->view_body);
	const struct s53_conf_clause *best = NULL;

	for (unsigned i = 0; i < servers->count; i++) {
		const struct s53_conf_clause *clause = servers->clauses[i];
		const struct s53_conf_match *match = clause->value.match;

		if (clause->value.type != S53_CONF_MATCH || match == NULL ||
		    !s53_prefix_has(&match->prefix, addr))
			continue;
		if (best == NULL || match->prefix.bits > best->value.match->prefix.bits)
			best = clause;
	}
	return best;
}

/* query-source of the address's family; false: that family is not to be asked. */
static bool
find_source(const struct gathering *gathering, const struct s53_conf_clause *server,
    sa_family_t family, struct s53_addr *out)
{
	const char *name = family == AF_INET ? "query-source" : "query-source-v6";
	const struct s53_conf_clause *clause =
	    server != NULL ? s53_conf_find(server->body, name) : NULL;
	int only = gathering->setup->input->options->family;

	if (only != AF_UNSPEC && only != family)
		return false;
	if (clause == NULL || clause->level != S53_CONF_SUPPORTED)
		clause = s53_setup_option(
		    gathering->setup->input->source, gathering->peers->view_body, name);
	if (clause == NULL)
		return true;
	if (clause->value.type == S53_CONF_TEXT && strcmp(clause->value.text, "none") == 0)
		return false;
	if (clause->value.type == S53_CONF_ADDRESS && !s53_addr_is_any(&clause->value.addr))
		*out = clause->value.addr;
	return true;
}

static bool
read_options(const struct gathering *gathering, const struct s53_addr *addr,
    struct s53_upstream_options *options)
{
	const struct s53_source *source = gathering->setup->input->source;
	const struct s53_conf_clause *server = find_server(gathering, addr);
	const struct s53_conf_clause *body = server != NULL ? server->body : NULL;
	const struct s53_conf_clause *clause;

	memset(options, 0, sizeof(*options));
	options->edns = true;
	options->edns_udp_size =
	    (uint16_t)s53_setup_number(source, gathering->peers->view_body, "edns-udp-size", 0);
	if ((clause = s53_conf_find(body, "edns")) != NULL)
		options->edns = clause->value.boolean;
	if ((clause = s53_conf_find(body, "tcp-only")) != NULL)
		options->tcp_only = clause->value.boolean;
	if ((clause = s53_conf_find(body, "edns-udp-size")) != NULL)
		options->edns_udp_size = (uint16_t)clause->value.number;
	return find_source(gathering, server, addr->family, &options->source);
}

/* Words are hashed, so that the number is the same in every process. */
static uint64_t
hash_of(const char *words)
{
	return s53_hash_stable(words, strlen(words));
}

/* One more peer enters the route's number, once. */
static void
count_peer(struct gathering *gathering, uint64_t hash)
{
	for (unsigned i = 0; i < gathering->counted_count; i++)
		if (gathering->counted[i] == hash)
			return;
	if (gathering->counted_count < S53_GROUP_MAX)
		gathering->counted[gathering->counted_count++] = hash;
	gathering->peers->id += hash; /* whatever the order */
}

/* How a server is queried, as words. */
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
	struct setup_server_hash *last = &gathering->setup->last_hash;
	char text[S53_ADDR_TEXT], how[OPTIONS_WORDS], words[S53_ADDR_TEXT + OPTIONS_WORDS];

	if (last->addr.family == AF_UNSPEC || !s53_addr_equal(&last->addr, addr) ||
	    !same_options(&last->options, options)) {
		snprintf(words, sizeof(words), "%s %s", s53_addr_print(addr, text),
		    options_words(options, how));
		*last = (struct setup_server_hash){ *addr, *options, hash_of(words) };
	}
	count_peer(gathering, last->hash);
}

/* A host by its name: that its addresses change does not change what it knows. */
static void
count_host(struct gathering *gathering, const char *name, uint16_t port)
{
	char words[S53_NAME_TEXT + 2 * OPTIONS_WORDS + 16], how[2][OPTIONS_WORDS];
	struct s53_addr any = { .family = AF_INET };
	struct s53_upstream_options options;
	int len;

	read_options(gathering, &any, &options);
	options_words(&options, how[0]);
	any.family = AF_INET6;
	read_options(gathering, &any, &options);
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

	if (gathering->setup->input->want_notes)
		gathering->peers->text = before == NULL
		    ? s53_setup_text(gathering->setup, "%s", word)
		    : s53_setup_text(gathering->setup, "%s %s", before, word);
}

static void
drop_upstream(void *upstream)
{
	s53_upstream_drop(upstream);
}

/* BIND's blackhole holds for servers as well as for clients. */
static bool
is_blackholed(const struct gathering *gathering, const struct s53_addr *addr)
{
	struct s53_setup *setup = gathering->setup;
	const struct s53_acl *blackhole = setup->snapshot->policy.blackhole;
	const struct s53_conf_value *value = gathering->peers->value;
	const struct s53_place nowhere = { 0 };
	char text[S53_ADDR_TEXT];

	if (blackhole == NULL || !s53_acl_allows(blackhole, addr))
		return false;
	s53_setup_warn(setup, value != NULL ? value->place : nowhere,
	    "%s is in blackhole and will not be asked", s53_addr_print(addr, text));
	return true;
}

/* One server of the list, as it is asked for. */
struct entry {
	const struct s53_addr *addr;
	unsigned tier;
	struct s53_place place; /* for a warning */
	bool is_written; /* by its address: it counts in the route's number */
};

/* Twice in a list is once, with the tier that came first. */
static void
add_member(struct gathering *gathering, struct s53_upstream *upstream, const struct entry *entry)
{
	char text[S53_ADDR_TEXT];

	for (unsigned i = 0; i < gathering->count; i++) {
		const struct s53_group_member *member = &gathering->members[i];

		if (member->server != upstream)
			continue;
		if (member->tier != entry->tier)
			s53_setup_warn(gathering->setup, entry->place,
			    "%s is in this list twice: tier %u counts, and not tier %u",
			    s53_addr_print(entry->addr, text), member->tier, entry->tier);
		return;
	}
	gathering->members[gathering->count++] =
	    (struct s53_group_member){ .server = upstream, .tier = entry->tier };
	s53_setup_asked(
	    gathering->setup, gathering->peers, upstream, find_server(gathering, entry->addr));
}

static void
add_server(struct gathering *gathering, const struct entry *entry)
{
	struct s53_setup *setup = gathering->setup;
	struct s53_upstream_options options;
	struct s53_upstream *upstream;

	if (is_blackholed(gathering, entry->addr))
		return;
	if (!read_options(gathering, entry->addr, &options) || gathering->count == S53_GROUP_MAX)
		return;
	if (entry->is_written)
		count_address(gathering, entry->addr, &options);
	upstream = s53_registry_get(setup->input->registry, entry->addr, &options);
	if (!s53_snapshot_own(setup->snapshot, upstream, drop_upstream))
		setup->no_memory = true;
	else
		add_member(gathering, upstream, entry);
}

/* An address of the system or our own: in the first tier. */
static void
add_plain(struct gathering *gathering, const struct s53_addr *addr)
{
	char text[S53_ADDR_TEXT];

	add_text(gathering, s53_addr_print(addr, text));
	add_server(gathering, &(struct entry){ .addr = addr, .tier = 1, .is_written = true });
}

/* "(tier 2)" behind the server, where it is not the first. */
static void
add_tier_text(struct gathering *gathering, unsigned tier)
{
	char text[24];

	if (tier == 1)
		return;
	snprintf(text, sizeof(text), "(tier %u)", tier);
	add_text(gathering, text);
}

/* An address as written; ourselves would be a loop, at the speed of the machine. */
static void
add_address(
    struct gathering *gathering, const struct s53_conf_peer *peer, uint16_t port, unsigned tier)
{
	struct s53_addr addr = peer->addr;
	char text[S53_ADDR_TEXT];

	s53_addr_set_port(&addr, port);
	if (s53_setup_is_ourselves(gathering->setup, &addr)) {
		s53_setup_warn(gathering->setup, peer->place,
		    "%s is where split53 itself listens: left out, it would ask itself for ever",
		    s53_addr_print(&addr, text));
		return;
	}
	if (gathering->setup->input->want_notes)
		add_text(gathering, s53_addr_print(&addr, text));
	add_tier_text(gathering, tier);
	add_server(gathering,
	    &(struct entry){
		.addr = &addr, .tier = tier, .place = peer->place, .is_written = true });
}

/* Remembered, so that a name that no newer snapshot has is watched no more. */
static void
note_host(struct s53_setup *setup, const char *name)
{
	struct s53_snapshot_host *host = s53_setup_alloc(setup, sizeof(*host));

	if (host == NULL)
		return;
	host->name = s53_setup_text(setup, "%s", name);
	host->next = setup->snapshot->hosts;
	setup->snapshot->hosts = host;
}

static void
add_host(
    struct gathering *gathering, const struct s53_conf_peer *peer, uint16_t port, unsigned tier)
{
	const char *name = peer->text;
	struct s53_setup *setup = gathering->setup;
	const struct s53_known_hosts *known = &setup->input->hosts;
	struct s53_addr addrs[S53_HOST_ADDRS_MAX];
	char *text = s53_setup_text(setup, "%s#%u", name, port);
	unsigned count = 0;

	if (text == NULL)
		return;
	add_text(gathering, text);
	add_tier_text(gathering, tier);
	count_host(gathering, name, port);
	note_host(setup, name);
	if (known->addrs != NULL)
		count = known->addrs(known->known, name, addrs);
	for (unsigned i = 0; i < count; i++) {
		s53_addr_set_port(&addrs[i], port);
		if (!s53_setup_is_ourselves(setup, &addrs[i]))
			add_server(gathering,
			    &(struct entry){
				.addr = &addrs[i], .tier = tier, .place = peer->place });
	}
}

/* `tier`: of those that say none: that of the list's name in the list around it. */
static void
add_peers(
    struct gathering *gathering, const struct s53_conf_value *value, unsigned tier, unsigned depth)
{
	const struct s53_conf *conf = gathering->setup->input->source->file;

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
		else if (depth < 8) /* lists name lists; a circle ends here */
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

	s53_setup_group_rules(gathering->setup, gathering->peers, &rules);
	group = s53_group_new(gathering->members, gathering->count, &rules);
	if (gathering->peers->text == NULL)
		add_text(gathering, "nobody: answered SERVFAIL");
	if (!s53_snapshot_own(gathering->setup->snapshot, group, free_group)) {
		gathering->setup->no_memory = true;
		return NULL;
	}
	return group;
}

struct s53_group *
s53_setup_group(struct s53_setup *setup, struct s53_setup_peers *peers)
{
	struct gathering gathering = { .setup = setup, .peers = peers };

	add_peers(&gathering, peers->value, 1, 0);
	return end_group(&gathering);
}

const struct s53_snapshot_servers *
s53_setup_nameservers(struct s53_setup *setup)
{
	const struct s53_setup_input *input = setup->input;
	struct s53_snapshot_servers *out = &setup->snapshot->nameservers;

	if (setup->snapshot->uses_resolv_conf)
		return out;
	setup->snapshot->uses_resolv_conf = true;
	for (unsigned i = 0; i < input->nameserver_count && out->count < S53_HOST_ADDRS_MAX; i++)
		if (!s53_setup_is_ourselves(setup, &input->nameservers[i]))
			out->addrs[out->count++] = input->nameservers[i];
	return out;
}

void
s53_setup_host_servers(struct s53_setup *setup, const struct s53_conf_value *value)
{
	struct s53_snapshot_servers *out = &setup->snapshot->host_servers;

	if (setup->host_servers_chosen)
		return;
	setup->host_servers_chosen = true;
	out->count = 0;
	for (const struct s53_conf_peer *peer = value->peers;
	     peer != NULL && out->count < S53_HOST_ADDRS_MAX; peer = peer->next) {
		struct s53_addr *addr = &out->addrs[out->count];
		uint16_t port = peer->port != 0 ? peer->port : value->port;

		if (!peer->is_address)
			continue;
		*addr = peer->addr;
		s53_addr_set_port(addr, port != 0 ? port : S53_DNS_PORT);
		if (!s53_setup_is_ourselves(setup, addr))
			out->count++;
	}
	if (out->count == 0)
		*out = *s53_setup_nameservers(setup);
}

struct s53_group *
s53_setup_default_group(struct s53_setup *setup, struct s53_setup_peers *peers, const char **place)
{
	static const char *const fallback[] = { "8.8.8.8", "8.8.4.4" };
	const struct s53_setup_input *input = setup->input;
	struct gathering gathering = { .setup = setup, .peers = peers };
	const struct s53_snapshot_servers *servers = s53_setup_nameservers(setup);
	struct s53_addr addr;
	struct s53_group *group;

	if (!setup->host_servers_chosen)
		setup->snapshot->host_servers = *servers;
	for (unsigned i = 0; i < servers->count; i++)
		add_plain(&gathering, &servers->addrs[i]);
	for (unsigned i = 0; i < 2 && servers->count == 0; i++) {
		if (s53_addr_parse(fallback[i], S53_DNS_PORT, &addr) == S53_OK)
			add_plain(&gathering, &addr);
	}
	if (!input->want_notes)
		s53_setup_notice(setup, (struct s53_place){ 0 },
		    servers->count == 0
			? "no forwarders are configured, and %s names no other server:"
			  " forwarding to 8.8.8.8 and 8.8.4.4"
			: "no forwarders are configured: forwarding to the nameservers of %s",
		    input->resolv_conf);
	group = end_group(&gathering);
	*place = servers->count == 0 ? "built in" : input->resolv_conf;
	return group;
}
