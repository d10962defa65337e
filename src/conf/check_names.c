/* SPDX-License-Identifier: ISC
 *
 * check_names.c - acls and lists of servers: each is defined once, anywhere in the file, and does
 *                 not contain itself.
 *
 * Lists are walked for each query, so their nesting is limited. The search for lists that contain
 * themselves uses this limit: a list without a final height within it is in a cycle, leads to
 * one, or begins a chain that is too long. So the work is at most CHAIN_MAX + 2 rounds over all
 * mentions, without recursion, whatever a file contains.
 */
#include <string.h>
#include <strings.h>

#include "check.h"

#define CHAIN_MAX 100 /* lists in lists in lists */
#define TOO_HIGH (CHAIN_MAX + 1)

static bool
is_builtin(const char *name)
{
	return strcasecmp(name, "any") == 0 || strcasecmp(name, "none") == 0 ||
	    strcasecmp(name, "localhost") == 0 || strcasecmp(name, "localnets") == 0;
}

/* Warn of keys in the list of a supported statement; one that is ignored has its own warning. */
static void
warn_of_keys(struct conf_checker *checker, const struct s53_conf_match *match)
{
	for (; match != NULL; match = match->next) {
		if (match->kind == S53_MATCH_LIST)
			warn_of_keys(checker, match->list); /* NESTING_MAX deep at most */
		if (match->kind == S53_MATCH_KEY)
			conf_warn(checker->sources, S53_CONF_IGNORED_DIFFERENT, match->place, "key",
			    "TSIG is not supported, so this element matches no client; list "
			    "addresses instead");
	}
}

/* Check that every name in the match list is an acl. */
static void
check_match(struct conf_checker *checker, const struct s53_conf_match *match)
{
	char shown[CONF_SHOWN];

	for (; match != NULL; match = match->next) {
		if (match->kind == S53_MATCH_LIST)
			check_match(checker, match->list); /* NESTING_MAX deep at most */
		if (match->kind != S53_MATCH_NAME || is_builtin(match->name) ||
		    conf_index_find(&checker->acls, match->name) != NULL)
			continue;
		conf_check_error(
		    checker, match->place, "undefined acl '%s'", conf_show(match->name, shown));
	}
}

static void
check_peers(struct conf_checker *checker, const struct s53_conf_statement *statement)
{
	unsigned flags = conf_node_of(statement)->rule->flags, count = 0;
	char shown[CONF_SHOWN];

	for (const struct s53_conf_peer *it = statement->value.peers; it != NULL; it = it->next) {
		count++;
		if (it->is_address || (flags & REMOTES) == 0 || strchr(it->text, '.') != NULL ||
		    conf_index_find(&checker->servers, it->text) != NULL)
			continue;
		conf_check_error(checker, it->place,
		    "'%s' is neither a list of servers (primaries) nor a fully qualified host name",
		    conf_show(it->text, shown));
	}
	if (count > S53_CONF_PEERS_MAX && strcmp(statement->name, "forwarders") == 0)
		conf_check_error(checker, statement->place, "%u forwarders: the limit is %d", count,
		    S53_CONF_PEERS_MAX);
}

/* TLS was configured: queries must not be sent in the clear instead. */
static void
check_peers_tls(struct conf_checker *checker, const struct s53_conf_statement *statement)
{
	static const char text[] =
	    "'tls' is refused: queries are not sent over TLS, and would go out in clear text; "
	    "remove it, or forward to a local proxy that speaks TLS (stubby, dnsdist)";

	if (statement->value.tls != NULL)
		conf_check_error(checker, statement->value.place, text);
	for (const struct s53_conf_peer *it = statement->value.peers; it != NULL; it = it->next)
		if (it->tls != NULL)
			conf_check_error(checker, it->place, text);
}

static bool
asks_servers(const struct s53_conf_statement *statement)
{
	if (strcmp(statement->name, "forwarders") == 0)
		return true;
	return strcmp(statement->name, "primaries") ==
	    0; /* the zone's queries go to these servers */
}

/* The values of all statements, at any depth, which the grammar bounds. */
static void
check_values(struct conf_checker *checker, const struct s53_conf_statement *statement)
{
	for (; statement != NULL; statement = statement->next) {
		if (statement->value.type == S53_CONF_MATCH && !checker->sources->incomplete)
			check_match(checker, statement->value.match);
		if (statement->value.type == S53_CONF_MATCH &&
		    statement->level == S53_CONF_SUPPORTED)
			warn_of_keys(checker, statement->value.match);
		if (statement->value.type == S53_CONF_PEERS) {
			if (!checker->sources->incomplete)
				check_peers(checker, statement);
			if (asks_servers(statement))
				check_peers_tls(checker, statement);
		}
		check_values(checker, statement->body);
	}
}

/* One list names another. */
struct mention {
	struct mention *next; /* in the order of the lists, then of the file */
	size_t from, to;
	struct s53_place place;
};

struct list {
	unsigned height; /* of the longest chain of lists below it, or TOO_HIGH */
	size_t walk; /* the walk that reached it first, from 1 */
	const struct mention *down; /* to the first list that is too high */
};

struct nesting {
	const struct conf_index *index;
	struct list *lists;
	struct mention *first, **end;
};

static void
add_mention(struct conf_checker *checker, struct nesting *nesting, size_t from, const char *name,
    struct s53_place place)
{
	const struct conf_key *key = conf_index_find(nesting->index, name);
	struct mention *mention;

	if (key == NULL)
		return;
	if ((mention = s53_arena_alloc(&checker->scratch, sizeof(*mention))) == NULL) {
		checker->out_of_memory = true;
		return;
	}
	*mention = (struct mention){
		.from = from, .to = (size_t)(key - nesting->index->keys), .place = place
	};
	*nesting->end = mention;
	nesting->end = &mention->next;
}

static void
add_match(struct conf_checker *checker, struct nesting *nesting, size_t from,
    const struct s53_conf_match *match)
{
	for (; match != NULL; match = match->next) {
		if (match->kind == S53_MATCH_LIST)
			add_match(checker, nesting, from, match->list);
		else if (match->kind == S53_MATCH_NAME)
			add_mention(checker, nesting, from, match->name, match->place);
	}
}

static void
add_list(struct conf_checker *checker, struct nesting *nesting, size_t from)
{
	const struct s53_conf_value *value = &nesting->index->keys[from].node->statement.value;

	if (value->type == S53_CONF_MATCH)
		add_match(checker, nesting, from, value->match);
	else if (value->type == S53_CONF_PEERS)
		for (const struct s53_conf_peer *it = value->peers; it != NULL; it = it->next)
			if (!it->is_address)
				add_mention(checker, nesting, from, it->text, it->place);
}

/* Each round raises lists that name a list at least as high, until none changes. */
static void
find_heights(struct nesting *nesting)
{
	bool rises = true;

	for (unsigned round = 0; rises && round <= TOO_HIGH; round++) {
		rises = false;
		for (const struct mention *it = nesting->first; it != NULL; it = it->next) {
			unsigned *height = &nesting->lists[it->from].height;
			unsigned below = nesting->lists[it->to].height;

			if (*height <= below && *height < TOO_HIGH) {
				*height = below < TOO_HIGH ? below + 1 : TOO_HIGH;
				rises = true;
			}
		}
	}
}

static void
report_chains(struct conf_checker *checker, const struct nesting *nesting)
{
	for (const struct mention *it = nesting->first; it != NULL; it = it->next)
		if (nesting->lists[it->to].height == CHAIN_MAX)
			conf_check_error(
			    checker, it->place, "lists are nested more than %d deep", CHAIN_MAX);
}

/* Follow `down` from each list that is too high, until a list occurs again. */
static void
report_cycles(struct conf_checker *checker, const struct nesting *nesting)
{
	char shown[CONF_SHOWN];

	for (const struct mention *it = nesting->first; it != NULL; it = it->next) {
		const struct mention **down = &nesting->lists[it->from].down;

		if (nesting->lists[it->to].height == TOO_HIGH &&
		    (*down == NULL || it->to < (*down)->to))
			*down = it;
	}
	for (size_t i = 0; i < nesting->index->count; i++) {
		const struct mention *mention = NULL;
		struct list *list = &nesting->lists[i];

		for (; list->walk == 0 && list->down != NULL; list = &nesting->lists[mention->to]) {
			list->walk = i + 1;
			mention = list->down;
		}
		if (mention != NULL && list->walk == i + 1) {
			const struct s53_conf_statement *statement =
			    &nesting->index->keys[mention->to].node->statement;

			conf_check_error(checker, mention->place, "%s '%s' contains itself",
			    statement->name, conf_show(statement->label, shown));
		}
	}
}

static void
check_nesting(struct conf_checker *checker, const struct conf_index *index)
{
	struct nesting nesting = { .index = index, .end = &nesting.first };

	nesting.lists = s53_arena_zalloc(&checker->scratch, index->count * sizeof(*nesting.lists));
	if (nesting.lists == NULL) {
		checker->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < index->count; i++)
		add_list(checker, &nesting, i);
	find_heights(&nesting);
	report_chains(checker, &nesting);
	report_cycles(checker, &nesting);
}

void
conf_check_names(struct conf_checker *checker)
{
	char shown[CONF_SHOWN];

	for (const struct s53_conf_statement *it = checker->conf->top; it != NULL; it = it->next) {
		if (it->label == NULL)
			continue;
		if (strcmp(it->name, "acl") == 0)
			conf_index_add(checker, &checker->acls, it->label, conf_node_of(it));
		else if (conf_node_of(it)->rule->form == FORM_PEERS)
			conf_index_add(checker, &checker->servers, it->label, conf_node_of(it));
		if (strcmp(it->name, "acl") == 0 && is_builtin(it->label))
			conf_check_error(checker, it->place,
			    "acl '%s' is built in and cannot be redefined",
			    conf_show(it->label, shown));
	}
	conf_index_sort(&checker->acls);
	conf_index_sort(&checker->servers);
	conf_index_twice(checker, &checker->acls);
	conf_index_twice(checker, &checker->servers);
	check_values(checker, checker->conf->top);
	check_nesting(checker, &checker->acls);
	check_nesting(checker, &checker->servers);
}
