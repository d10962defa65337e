/* SPDX-License-Identifier: ISC
 *
 * tally_book.c - see tally_book.h.
 */
#include <split53/tally_book.h>

#include <stdlib.h>
#include <string.h>

#include <split53/arena.h>
#include <split53/hash.h>
#include <split53/tally.h>
#include <split53/view.h>

#include "sink.h"

#define SLOTS_MIN 64

/* Texts of a view, shared by its zones. */
struct view_texts {
	struct view_texts *next;
	const char *name, *labels;
};

struct s53_tally_book {
	struct s53_arena arena; /* names and texts; a known zone allocates nothing */
	struct view_texts *views;
	struct s53_sink labels; /* of the zone that is being looked up */
	struct s53_tally_name **names; /* by number */
	uint32_t count, room;
	uint32_t *slots; /* numbers, by a hash of the labels; 0: free */
	uint32_t slot_count; /* a power of two, at least twice `count` */
};

/* The state while the routes of a view are numbered. */
struct numbering {
	struct s53_tally_book *book;
	const struct view_texts *view;
};

const char *
s53_zone_kind_name(enum s53_zone_kind kind)
{
	static const char *const names[] = { "other", "forward", "local", "builtin" };

	return names[kind];
}

static uint32_t
slot_of(const struct s53_tally_book *book, const char *labels)
{
	uint32_t mask = book->slot_count - 1;
	uint32_t at = (uint32_t)s53_hash((const uint8_t *)labels, strlen(labels)) & mask;

	while (book->slots[at] != 0 && strcmp(book->names[book->slots[at]]->labels, labels) != 0)
		at = (at + 1) & mask;
	return at;
}

static bool
grow_slots(struct s53_tally_book *book)
{
	uint32_t *old = book->slots;

	book->slots = calloc(2 * (size_t)book->slot_count, sizeof(*book->slots));
	if (book->slots == NULL) {
		book->slots = old;
		return false;
	}
	book->slot_count *= 2;
	for (uint32_t i = 1; i < book->count; i++)
		book->slots[slot_of(book, book->names[i]->labels)] = i;
	free(old);
	return true;
}

static bool
grow_names(struct s53_tally_book *book)
{
	uint32_t room = book->room > 0 ? 2 * book->room : SLOTS_MIN;
	struct s53_tally_name **names =
	    realloc(book->names, room * sizeof(struct s53_tally_name *));

	if (names == NULL)
		return false;
	book->names = names;
	book->room = room;
	return true;
}

static void
write_view(struct s53_sink *sink, const char *view)
{
	s53_sink_text(sink, "view=\"");
	s53_sink_label(sink, view);
	s53_sink_text(sink, "\"");
}

/* Write the labels into book->labels. false: no memory. */
static bool
write_labels(
    struct s53_tally_book *book, const char *view, const char *zone, enum s53_zone_kind kind)
{
	struct s53_sink *sink = &book->labels;

	sink->len = 0;
	sink->failed = false;
	write_view(sink, view);
	s53_sink_text(sink, ",zone=\"");
	s53_sink_label(sink, zone);
	s53_sink_text(sink, "\",kind=\"");
	s53_sink_text(sink, s53_zone_kind_name(kind));
	s53_sink_octets(sink, "\"", 2);
	return !sink->failed;
}

/* Find or create the texts of a view. NULL: no memory. */
static const struct view_texts *
view_of(struct s53_tally_book *book, const char *name)
{
	struct view_texts *view = book->views;

	while (view != NULL && strcmp(view->name, name) != 0)
		view = view->next;
	if (view != NULL)
		return view;
	book->labels.len = 0;
	book->labels.failed = false;
	write_view(&book->labels, name);
	s53_sink_octets(&book->labels, "", 1);
	if (book->labels.failed || (view = s53_arena_alloc(&book->arena, sizeof(*view))) == NULL)
		return NULL;
	*view = (struct view_texts){ .next = book->views,
		.name = s53_arena_strdup(&book->arena, name),
		.labels = s53_arena_strdup(&book->arena, book->labels.octets) };
	if (view->name == NULL || view->labels == NULL)
		return NULL;
	book->views = view;
	return view;
}

/* Add a name with the labels in book->labels. false: no memory, or no number is left. */
static bool
add(struct s53_tally_book *book, const struct view_texts *view, const char *zone,
    enum s53_zone_kind kind)
{
	struct s53_tally_name *name;

	if (book->count >= S53_TALLY_NUMBERS || (book->count == book->room && !grow_names(book)) ||
	    (2 * (book->count + 1) > book->slot_count && !grow_slots(book)) ||
	    (name = s53_arena_alloc(&book->arena, sizeof(*name))) == NULL)
		return false;
	*name = (struct s53_tally_name){ .view = view->name,
		.view_labels = view->labels,
		.zone = s53_arena_strdup(&book->arena, zone),
		.labels = s53_arena_strdup(&book->arena, book->labels.octets),
		.kind = kind };
	if (name->zone == NULL || name->labels == NULL)
		return false;
	book->names[book->count] = name;
	if (book->count > 0)
		book->slots[slot_of(book, name->labels)] = book->count;
	book->count++;
	return true;
}

struct s53_tally_book *
s53_tally_book_new(void)
{
	struct s53_tally_book *book = calloc(1, sizeof(*book));
	const struct view_texts *none;

	if (book == NULL)
		return NULL;
	s53_arena_init(&book->arena);
	book->slot_count = SLOTS_MIN;
	book->slots = calloc(SLOTS_MIN, sizeof(*book->slots));
	if (book->slots == NULL || (none = view_of(book, "")) == NULL ||
	    !write_labels(book, "", "", S53_ZONE_OTHER) || !add(book, none, "", S53_ZONE_OTHER)) {
		s53_tally_book_free(book);
		return NULL;
	}
	book->names[0]->current = true;
	return book;
}

void
s53_tally_book_free(struct s53_tally_book *book)
{
	if (book == NULL)
		return;
	s53_arena_fini(&book->arena);
	s53_sink_fini(&book->labels);
	free(book->names);
	free(book->slots);
	free(book);
}

static enum s53_zone_kind
kind_of(const struct s53_route *route)
{
	if (route->builtin)
		return S53_ZONE_BUILTIN;
	return route->kind == S53_ROUTE_LOCAL ? S53_ZONE_LOCAL : S53_ZONE_FORWARD;
}

static uint32_t
number_of(const struct s53_route *route, void *arg)
{
	const struct numbering *numbering = arg;
	struct s53_tally_book *book = numbering->book;
	enum s53_zone_kind kind = kind_of(route);
	char zone[S53_NAME_TEXT] = "";
	uint32_t number;

	if (kind != S53_ZONE_BUILTIN)
		s53_name_print(&route->apex, zone);
	if (!write_labels(book, numbering->view->name, zone, kind))
		return 0;
	number = book->slots[slot_of(book, book->labels.octets)];
	if (number == 0 && add(book, numbering->view, zone, kind))
		number = book->count - 1;
	if (number != 0)
		book->names[number]->current = true;
	return number;
}

void
s53_tally_book_use(struct s53_tally_book *book, struct s53_policy *policy)
{
	for (uint32_t i = 1; i < book->count; i++)
		book->names[i]->current = false;
	for (unsigned i = 0; i < policy->view_count; i++) {
		struct numbering numbering = { .book = book,
			.view = view_of(book, policy->views[i].name) };

		if (numbering.view != NULL) /* else all zones of the view count as number 0 */
			s53_routes_number(policy->views[i].routes, number_of, &numbering);
	}
}

uint32_t
s53_tally_book_count(const struct s53_tally_book *book)
{
	return book->count;
}

const struct s53_tally_name *
s53_tally_book_name(const struct s53_tally_book *book, uint32_t number)
{
	return book->names[number];
}
