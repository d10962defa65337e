/* SPDX-License-Identifier: ISC
 *
 * check_names.c - acls and lists of servers: defined once, before or behind their use, never out of
 *                 themselves.
 *
 * A list that contains itself is found by taking away, again and again, the lists that contain no
 * other one that is left (Kahn's order, without recursion: a chain of a million lists is fine
 * here). What cannot be taken away reaches a cycle; following any of its edges leads into it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"

#define CHAIN_MAX 100 /* lists in lists in lists: they are walked for each query */

static bool
is_builtin(const char *name)
{
	return strcasecmp(name, "any") == 0 || strcasecmp(name, "none") == 0 ||
	    strcasecmp(name, "localhost") == 0 || strcasecmp(name, "localnets") == 0;
}

/* Every name in the match list is an acl. */
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
		    checker, match->place, "there is no acl '%s'", conf_show(match->name, shown));
	}
}

static void
check_peers(struct conf_checker *checker, const struct s53_conf_clause *clause)
{
	unsigned flags = conf_node_of(clause)->rule->flags, count = 0;
	char shown[CONF_SHOWN];

	for (const struct s53_conf_peer *it = clause->value.peers; it != NULL; it = it->next) {
		count++;
		if (it->is_address || (flags & REMOTES) == 0 || strchr(it->text, '.') != NULL ||
		    conf_index_find(&checker->servers, it->text) != NULL)
			continue;
		conf_check_error(checker, it->place,
		    "'%s' is neither a list of servers (primaries) nor the full name of a host",
		    conf_show(it->text, shown));
	}
	if (count > S53_CONF_PEERS_MAX && strcmp(clause->name, "forwarders") == 0)
		conf_check_error(checker, clause->place, "%u forwarders; %d is the limit", count,
		    S53_CONF_PEERS_MAX);
}

/* TLS was asked for: questions must not go in the clear instead. */
static void
check_peers_tls(struct conf_checker *checker, const struct s53_conf_clause *clause)
{
	static const char text[] = "'tls' is refused: servers are not asked over TLS in this "
				   "version, and the questions would go in the clear";

	if (clause->value.tls != NULL)
		conf_check_error(checker, clause->value.place, text);
	for (const struct s53_conf_peer *it = clause->value.peers; it != NULL; it = it->next)
		if (it->tls != NULL)
			conf_check_error(checker, it->place, text);
}

static bool
asks_servers(const struct s53_conf_clause *clause)
{
	if (strcmp(clause->name, "forwarders") == 0)
		return true;
	return strcmp(clause->name, "primaries") == 0; /* a copied zone is asked for there */
}

/* The values of all clauses, whatever they stand in. The grammar bounds the depth. */
static void
check_values(struct conf_checker *checker, const struct s53_conf_clause *clause)
{
	for (; clause != NULL; clause = clause->next) {
		if (clause->value.type == S53_CONF_MATCH && !checker->sources->broken_off)
			check_match(checker, clause->value.match);
		if (clause->value.type == S53_CONF_PEERS) {
			if (!checker->sources->broken_off)
				check_peers(checker, clause);
			if (asks_servers(clause))
				check_peers_tls(checker, clause);
		}
		check_values(checker, clause->body);
	}
}

/* A graph of lists: who contains whom. */
struct edge {
	size_t from, to;
	struct s53_place place;
};

struct graph {
	const struct conf_index *index;
	struct edge *edges; /* by `from` */
	size_t edge_count, edge_room;
	size_t *left; /* edges to lists that are not taken away yet, by list */
	size_t *depth; /* the longest chain below, by list */
};

static void
edge_add(struct conf_checker *checker, struct graph *graph, const struct edge *edge)
{
	if (graph->edge_count == graph->edge_room) {
		size_t room = graph->edge_room == 0 ? 64 : graph->edge_room * 2;
		struct edge *edges = reallocarray(graph->edges, room, sizeof(*edges));

		if (edges == NULL) {
			checker->out_of_memory = true;
			return;
		}
		graph->edges = edges;
		graph->edge_room = room;
	}
	graph->edges[graph->edge_count++] = *edge;
}

static void
edge_to(struct conf_checker *checker, struct graph *graph, size_t from, const char *name,
    struct s53_place place)
{
	const struct conf_key *key = conf_index_find(graph->index, name);
	struct edge edge = { .from = from, .place = place };

	if (key == NULL)
		return;
	edge.to = (size_t)(key - graph->index->keys);
	edge_add(checker, graph, &edge);
}

static void
edges_of_match(struct conf_checker *checker, struct graph *graph, size_t from,
    const struct s53_conf_match *match)
{
	for (; match != NULL; match = match->next) {
		if (match->kind == S53_MATCH_LIST)
			edges_of_match(checker, graph, from, match->list);
		else if (match->kind == S53_MATCH_NAME)
			edge_to(checker, graph, from, match->name, match->place);
	}
}

static void
edges_of(struct conf_checker *checker, struct graph *graph, size_t from)
{
	const struct s53_conf_value *value = &graph->index->keys[from].node->clause.value;

	if (value->type == S53_CONF_MATCH)
		edges_of_match(checker, graph, from, value->match);
	else if (value->type == S53_CONF_PEERS)
		for (const struct s53_conf_peer *it = value->peers; it != NULL; it = it->next)
			if (!it->is_address)
				edge_to(checker, graph, from, it->text, it->place);
}

static int
edge_compare_to(const void *a, const void *b)
{
	const struct edge *left = a, *right = b;

	if (left->to != right->to)
		return left->to < right->to ? -1 : 1;
	return left->from < right->from ? -1 : left->from > right->from;
}

/* The first edge into `to`; the edges are sorted by it. */
static size_t
edges_into(const struct graph *graph, size_t to)
{
	size_t low = 0, high = graph->edge_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (graph->edges[middle].to < to)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Take away what contains nothing that is left, until only what reaches a cycle remains. */
static void
take_away(struct conf_checker *checker, struct graph *graph, size_t *queue)
{
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < graph->edge_count; i++)
		graph->left[graph->edges[i].from]++;
	for (size_t i = 0; i < graph->index->count; i++)
		if (graph->left[i] == 0)
			queue[tail++] = i;
	while (head < tail) {
		size_t taken = queue[head++];

		for (size_t i = edges_into(graph, taken);
		     i < graph->edge_count && graph->edges[i].to == taken; i++) {
			const struct edge *edge = &graph->edges[i];
			size_t depth = graph->depth[taken] + 1;

			if (depth > graph->depth[edge->from])
				graph->depth[edge->from] = depth;
			if (depth == CHAIN_MAX + 1)
				conf_check_error(checker, edge->place,
				    "a chain of more than %d lists, each in the next", CHAIN_MAX);
			if (--graph->left[edge->from] == 0)
				queue[tail++] = edge->from;
		}
	}
}

/*
 * What is left leads into a cycle by any of its edges: follow one from each list until a list comes
 * again. `next` is scratch: the edge to follow, by list. `depth` becomes the number of the walk.
 */
static void
report_cycles(struct conf_checker *checker, struct graph *graph, size_t *next)
{
	char shown[CONF_SHOWN];

	for (size_t i = graph->edge_count; i-- > 0;)
		if (graph->left[graph->edges[i].from] != 0 && graph->left[graph->edges[i].to] != 0)
			next[graph->edges[i].from] = i;
	memset(graph->depth, 0, (graph->index->count + 1) * sizeof(*graph->depth));
	for (size_t i = 0; i < graph->index->count; i++) {
		const struct edge *edge = NULL;
		size_t at = i;

		if (graph->left[i] == 0)
			continue;
		while (graph->depth[at] == 0) {
			graph->depth[at] = i + 1;
			edge = &graph->edges[next[at]];
			at = edge->to;
		}
		if (graph->depth[at] == i + 1 && edge != NULL) {
			const struct s53_conf_clause *clause = &graph->index->keys[at].node->clause;

			conf_check_error(checker, edge->place, "%s '%s' contains itself",
			    clause->name, conf_show(clause->label, shown));
		}
	}
}

static void
check_cycles(struct conf_checker *checker, const struct conf_index *index)
{
	struct graph graph = { .index = index };
	size_t *queue = calloc(index->count + 1, sizeof(*queue));

	graph.left = calloc(index->count + 1, sizeof(*graph.left));
	graph.depth = calloc(index->count + 1, sizeof(*graph.depth));
	if (queue == NULL || graph.left == NULL || graph.depth == NULL) {
		checker->out_of_memory = true;
	} else {
		for (size_t i = 0; i < index->count; i++)
			edges_of(checker, &graph, i);
		if (graph.edge_count > 0)
			qsort(
			    graph.edges, graph.edge_count, sizeof(graph.edges[0]), edge_compare_to);
		take_away(checker, &graph, queue);
		report_cycles(checker, &graph, queue);
	}
	free(queue);
	free(graph.edges);
	free(graph.left);
	free(graph.depth);
}

void
conf_check_names(struct conf_checker *checker)
{
	char shown[CONF_SHOWN];

	for (const struct s53_conf_clause *it = checker->conf->top; it != NULL; it = it->next) {
		if (it->label == NULL)
			continue;
		if (strcmp(it->name, "acl") == 0)
			conf_index_add(checker, &checker->acls, it->label, conf_node_of(it));
		else if (conf_node_of(it)->rule->form == FORM_PEERS)
			conf_index_add(checker, &checker->servers, it->label, conf_node_of(it));
		if (strcmp(it->name, "acl") == 0 && is_builtin(it->label))
			conf_check_error(checker, it->place,
			    "acl '%s' is built in and cannot be defined anew",
			    conf_show(it->label, shown));
	}
	conf_index_sort(&checker->acls);
	conf_index_sort(&checker->servers);
	conf_index_twice(checker, &checker->acls);
	conf_index_twice(checker, &checker->servers);
	check_values(checker, checker->conf->top);
	check_cycles(checker, &checker->acls);
	check_cycles(checker, &checker->servers);
}
