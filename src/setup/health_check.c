/* SPDX-License-Identifier: ISC
 *
 * setup_check.c - how each server is checked: what is written, and what is asked by default.
 *
 * While routes are made, each server is noted with the zone that it is asked for. Once all routes
 * are known these notes become one check a server. Each clause of health-check is looked up by
 * itself: in `server`, the zone, the view, options; the innermost one holds. Name and type belong
 * together and are one question.
 *
 * A question that options or a view write is put only to servers that are asked for its name
 * anyway: no name leaves its route for a probe, and `name "www.example.com"` in options does not
 * make a Consul agent look ill.
 *
 * Where a server is asked for several zones: what is written further in counts, then what stands
 * first, which is warned of. By default it is asked for the SOA of the deepest zone, one of reverse
 * names only when there is no other (Consul has no SOA for those), the root's when there is
 * nothing else.
 */
#include "builder.h"

#include <string.h>

#define DRAFT_BUCKETS 1021 /* a prime: servers lie at even distances */

/* Who says it; a higher one goes before. */
enum level { LEVEL_DEFAULT, LEVEL_OPTIONS, LEVEL_VIEW, LEVEL_ZONE, LEVEL_SERVER, LEVEL_COUNT };

/* The clauses but name and type, which are a question. */
enum field { ACCEPT, INTERVAL, TIMEOUT, RISE, FALL, MODE, FIELD_COUNT };

static const char *const field_names[FIELD_COUNT] = {
	[ACCEPT] = "accept",
	[INTERVAL] = "interval",
	[TIMEOUT] = "timeout",
	[RISE] = "rise",
	[FALL] = "fall",
	[MODE] = "mode",
};

/* One server and a zone that it is asked for. */
struct setup_asked {
	struct setup_asked *next;
	struct s53_upstream *upstream;
	struct s53_name apex;
	unsigned view;
	const struct s53_conf_clause *probes[LEVEL_COUNT]; /* health-check clauses, or NULL */
};

struct found {
	const struct s53_conf_clause *clause; /* NULL: the default */
	enum level level;
};

struct question {
	struct s53_name name;
	uint16_t type; /* 0: the default for the name */
	enum level level;
	struct found by_name, by_type;
	unsigned rank; /* of a name that is a zone's by default */
};

/* A check in the making. */
struct draft {
	struct draft *next;
	struct draft *bucket_next;
	struct s53_snapshot_check *out; /* the snapshot's */
	struct question question;
	struct found fields[FIELD_COUNT];
	bool warned;
};

void
s53_setup_asked(struct s53_setup *setup, const struct s53_setup_peers *peers,
    struct s53_upstream *upstream, const struct s53_conf_clause *server)
{
	struct setup_asked *asked = s53_arena_zalloc(&setup->scratch, sizeof(*asked));
	static const char name[] = "health-check";

	if (asked == NULL) {
		setup->no_memory = true;
		return;
	}
	asked->upstream = upstream;
	asked->apex = *peers->apex;
	asked->view = peers->view;
	asked->probes[LEVEL_OPTIONS] = s53_setup_option(setup->input->source, NULL, name);
	asked->probes[LEVEL_VIEW] = s53_conf_find(peers->view_body, name);
	asked->probes[LEVEL_ZONE] = s53_conf_find(peers->zone_body, name);
	asked->probes[LEVEL_SERVER] = s53_conf_find(server != NULL ? server->body : NULL, name);
	*setup->asked_last = asked;
	setup->asked_last = &asked->next;
}

/* The innermost clause `name`. */
static struct found
find(const struct setup_asked *asked, const char *name)
{
	struct found found = { .clause = NULL };

	for (unsigned level = LEVEL_COUNT - 1; level > LEVEL_DEFAULT; level--) {
		const struct s53_conf_clause *probe = asked->probes[level];

		found.clause = s53_conf_find(probe != NULL ? probe->body : NULL, name);
		if (found.clause != NULL) {
			found.level = (enum level)level;
			break;
		}
	}
	return found;
}

/* Is this server asked for the name anyway? */
static bool
would_ask(
    const struct s53_setup *setup, const struct setup_asked *asked, const struct s53_name *name)
{
	const struct s53_view *view = &setup->snapshot->policy.views[asked->view];
	const struct s53_route *route = s53_routes_find(view->routes, name);

	if (route == NULL || route->kind != S53_ROUTE_FORWARD)
		return false;
	for (unsigned i = 0; i < s53_group_size(route->group); i++)
		if (s53_group_server(route->group, i) == asked->upstream)
			return true;
	return false;
}

static bool
name_of(const struct s53_conf_clause *clause, struct s53_name *out)
{
	if (s53_name_parse(clause->value.text, out) != S53_OK)
		return false;
	s53_name_lower(out);
	return true;
}

/* How good a zone's name is to ask for: the root, reverse names, others; then by depth. */
static unsigned
rank_of(const struct s53_name *apex)
{
	static const struct s53_name arpa = { .len = 6, .octets = "\4arpa" };
	unsigned depth = s53_name_label_count(apex);

	return depth == 0 || s53_name_is_at_or_below(apex, &arpa) ? depth : depth + S53_NAME_MAX;
}

static void
find_question(const struct s53_setup *setup, const struct setup_asked *asked, struct question *out)
{
	struct setup_asked seen = *asked;
	struct s53_name name;

	/* What options and view ask for may be somebody else's. */
	for (unsigned level = LEVEL_OPTIONS; level <= LEVEL_VIEW; level++) {
		const struct s53_conf_clause *probe = asked->probes[level];
		const struct s53_conf_clause *clause =
		    s53_conf_find(probe != NULL ? probe->body : NULL, "name");

		if (clause != NULL && !(name_of(clause, &name) && would_ask(setup, asked, &name)))
			seen.probes[level] = NULL;
	}
	memset(out, 0, sizeof(*out));
	out->by_name = find(&seen, "name");
	out->by_type = find(&seen, "type");
	out->level =
	    out->by_name.level > out->by_type.level ? out->by_name.level : out->by_type.level;
	if (out->by_name.clause == NULL || !name_of(out->by_name.clause, &out->name)) {
		out->name = asked->apex;
		out->rank = rank_of(&asked->apex);
	}
	if (out->by_type.clause != NULL)
		out->type = (uint16_t)out->by_type.clause->value.number;
}

static uint32_t
accepted(const struct s53_conf_clause *clause)
{
	uint32_t bits = 0;

	for (const struct s53_conf_words *word = clause->value.words; word != NULL;
	     word = word->next) {
		int rcode = s53_conf_rcode(word->text);

		if (rcode >= 0)
			bits |= UINT32_C(1) << rcode;
	}
	return bits;
}

static uint32_t
longest_pause(const struct s53_conf_clause *clause)
{
	if (clause->second.type == S53_CONF_NUMBER)
		return (uint32_t)clause->second.number;
	return clause->value.number > S53_CHECK_INTERVAL_MAX_S ? (uint32_t)clause->value.number
							       : S53_CHECK_INTERVAL_MAX_S;
}

static enum s53_check_mode
mode_of(const char *word)
{
	return strcmp(word, "always") == 0 ? S53_CHECK_ALWAYS
	    : strcmp(word, "never") == 0   ? S53_CHECK_NEVER
					   : S53_CHECK_LAZY;
}

static void
apply(struct s53_health_check *check, enum field field, const struct s53_conf_clause *clause)
{
	uint32_t number =
	    clause->value.type == S53_CONF_NUMBER ? (uint32_t)clause->value.number : 0;

	switch (field) {
	case ACCEPT:
		check->accept = accepted(clause);
		break;
	case INTERVAL:
		check->interval_s = number;
		check->interval_max_s = longest_pause(clause);
		break;
	case TIMEOUT:
		check->timeout_ms = number;
		break;
	case RISE:
		check->rise = number;
		break;
	case FALL:
		check->fall = number;
		break;
	case MODE:
		check->mode = mode_of(clause->value.text);
		break;
	case FIELD_COUNT:
		break;
	}
}

/* Do two clauses of one kind say the same? */
static bool
says_the_same(
    enum field field, const struct s53_conf_clause *one, const struct s53_conf_clause *other)
{
	struct s53_health_check checks[2];

	memset(checks, 0, sizeof(checks));
	apply(&checks[0], field, one);
	apply(&checks[1], field, other);
	return memcmp(&checks[0], &checks[1], sizeof(checks[0])) == 0;
}

static void
warn_of_two(struct s53_setup *setup, struct draft *draft, const struct s53_conf_clause *counts,
    const struct s53_conf_clause *other)
{
	char text[S53_ADDR_TEXT];

	if (draft->warned)
		return;
	draft->warned = true;
	s53_setup_warn(setup, other->place,
	    "%s is checked otherwise by '%s' in %s:%u:%u, which counts: a server has one check",
	    s53_addr_print(s53_upstream_addr(draft->out->upstream), text), counts->name,
	    counts->place.file != NULL ? counts->place.file : S53_FLAGS_NAME, counts->place.line,
	    counts->place.column);
}

static const struct s53_conf_clause *
speaker(const struct question *question)
{
	return question->by_name.clause != NULL ? question->by_name.clause
						: question->by_type.clause;
}

static void
merge_question(struct s53_setup *setup, struct draft *draft, const struct question *other)
{
	struct question *own = &draft->question;

	if (other->level != own->level) {
		if (other->level > own->level)
			*own = *other;
	} else if (own->by_name.clause == NULL && other->by_name.clause == NULL) {
		if (other->rank > own->rank)
			*own = *other;
	} else if (!s53_name_equal(&own->name, &other->name) || own->type != other->type) {
		warn_of_two(setup, draft, speaker(own), speaker(other));
	}
}

static void
merge_field(struct s53_setup *setup, struct draft *draft, enum field field, struct found other)
{
	struct found *own = &draft->fields[field];

	if (other.level > own->level)
		*own = other;
	else if (other.level == own->level && other.clause != own->clause &&
	    !says_the_same(field, own->clause, other.clause))
		warn_of_two(setup, draft, own->clause, other.clause);
}

static struct draft *
draft_new(struct s53_setup *setup, const struct setup_asked *asked)
{
	struct draft *draft = s53_arena_zalloc(&setup->scratch, sizeof(*draft));

	if (draft != NULL)
		draft->out = s53_setup_alloc(setup, sizeof(*draft->out));
	if (draft == NULL || draft->out == NULL) {
		setup->no_memory = true;
		return NULL;
	}
	draft->out->upstream = asked->upstream;
	find_question(setup, asked, &draft->question);
	return draft;
}

/* One more zone that the server is asked for. */
static void
merge(struct s53_setup *setup, struct draft *draft, const struct setup_asked *asked)
{
	struct question question;

	find_question(setup, asked, &question);
	merge_question(setup, draft, &question);
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		merge_field(setup, draft, (enum field)i, find(asked, field_names[i]));
}

static void
finish(const struct draft *draft)
{
	struct s53_snapshot_check *out = draft->out;

	s53_health_check_init(&out->check, &draft->question.name);
	if (draft->question.type != 0)
		out->check.type = draft->question.type;
	out->written = draft->question.level != LEVEL_DEFAULT;
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (draft->fields[i].clause == NULL)
			continue;
		apply(&out->check, (enum field)i, draft->fields[i].clause);
		out->written = true;
	}
}

/* In the order in which they began; and found by server, of which there may be thousands. */
struct drafts {
	struct draft *first, **last;
	struct draft *buckets[DRAFT_BUCKETS];
};

/* That of the server, begun when there is none. NULL: no memory. */
static struct draft *
draft_of(struct s53_setup *setup, struct drafts *drafts, const struct setup_asked *asked)
{
	size_t bucket = ((uintptr_t)asked->upstream >> 6) % DRAFT_BUCKETS;
	struct draft *draft = drafts->buckets[bucket];

	while (draft != NULL && draft->out->upstream != asked->upstream)
		draft = draft->bucket_next;
	if (draft != NULL || (draft = draft_new(setup, asked)) == NULL)
		return draft;
	draft->bucket_next = drafts->buckets[bucket];
	drafts->buckets[bucket] = draft;
	*drafts->last = draft;
	drafts->last = &draft->next;
	return draft;
}

/* A name in options or a view for which nobody is asked in these views: it has no effect at all. */
static void
warn_of_nobodys(struct s53_setup *setup, const struct s53_conf_clause *probe, unsigned first_view,
    unsigned count)
{
	const struct s53_conf_clause *clause =
	    s53_conf_find(probe != NULL ? probe->body : NULL, "name");
	struct s53_name name;

	if (clause == NULL || !name_of(clause, &name))
		return;
	for (unsigned i = first_view; i < first_view + count; i++) {
		const struct s53_route *route =
		    s53_routes_find(setup->snapshot->policy.views[i].routes, &name);

		if (route != NULL && route->kind == S53_ROUTE_FORWARD)
			return;
	}
	s53_setup_warn(setup, clause->place,
	    "no server is asked for '%s': this 'name' of health-check has no effect",
	    clause->value.text);
}

static void
warn_of_names(struct s53_setup *setup)
{
	const struct s53_conf_clause *probe = NULL;

	if (setup->asked != NULL)
		warn_of_nobodys(setup, setup->asked->probes[LEVEL_OPTIONS], 0,
		    setup->snapshot->policy.view_count);
	/* Those of one view stand together. */
	for (const struct setup_asked *asked = setup->asked; asked != NULL; asked = asked->next) {
		if (asked->probes[LEVEL_VIEW] == probe)
			continue;
		probe = asked->probes[LEVEL_VIEW];
		warn_of_nobodys(setup, probe, asked->view, 1);
	}
}

void
s53_setup_checks(struct s53_setup *setup)
{
	struct s53_snapshot_check **out = &setup->snapshot->checks;
	struct drafts drafts = { .last = &drafts.first };

	warn_of_names(setup);
	for (const struct setup_asked *asked = setup->asked; asked != NULL; asked = asked->next) {
		struct draft *draft = draft_of(setup, &drafts, asked);

		if (draft == NULL)
			return;
		merge(setup, draft, asked);
	}
	for (struct draft *draft = drafts.first; draft != NULL; draft = draft->next) {
		finish(draft);
		*out = draft->out;
		out = &draft->out->next;
	}
}
