/* SPDX-License-Identifier: ISC
 *
 * tally_book.c - see tally_book.h.
 */
#include <split53/tally_book.h>

#include <stdlib.h>
#include <string.h>

#include <split53/hash.h>
#include <split53/tally.h>
#include <split53/view.h>

#include "sink.h"

#define SLOTS_MIN 64

struct s53_tally_book {
	struct s53_tally_name **names; /* by number; each one an allocation with its texts */
	uint32_t count, room;
	uint32_t *slots; /* numbers, by a hash of the labels; 0: free */
	uint32_t slot_count; /* a power of two, at least twice `count` */
};

/* A view's routes on their way into the book. */
struct numbering {
	struct s53_tally_book *book;
	const struct s53_view *view;
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

/* All texts of a name in one piece, each with its zero. */
static bool
write_texts(struct s53_sink *sink, const char *view, const char *zone, enum s53_zone_kind kind)
{
	s53_sink_octets(sink, view, strlen(view) + 1);
	s53_sink_octets(sink, zone, strlen(zone) + 1);
	write_view(sink, view);
	s53_sink_octets(sink, "", 1);
	write_view(sink, view);
	s53_sink_text(sink, ",zone=\"");
	s53_sink_label(sink, zone);
	s53_sink_text(sink, "\",kind=\"");
	s53_sink_text(sink, s53_zone_kind_name(kind));
	s53_sink_octets(sink, "\"", 2);
	return !sink->failed;
}

static const char *
text_after(const char *text)
{
	return text + strlen(text) + 1;
}

/* NULL: no memory. */
static struct s53_tally_name *
name_new(const char *view, const char *zone, enum s53_zone_kind kind)
{
	struct s53_sink sink = { 0 };
	struct s53_tally_name *name = NULL;

	if (write_texts(&sink, view, zone, kind))
		name = malloc(sizeof(*name) + sink.len);
	if (name != NULL) {
		memcpy(name + 1, sink.octets, sink.len);
		name->view = (const char *)(name + 1);
		name->zone = text_after(name->view);
		name->view_labels = text_after(name->zone);
		name->labels = text_after(name->view_labels);
		name->kind = kind;
		name->current = false;
	}
	s53_sink_fini(&sink);
	return name;
}

/* Takes the name. false: no memory or no number; it is freed. */
static bool
add(struct s53_tally_book *book, struct s53_tally_name *name)
{
	if (name == NULL)
		return false;
	if (book->count >= S53_TALLY_NUMBERS || (book->count == book->room && !grow_names(book)) ||
	    (2 * (book->count + 1) > book->slot_count && !grow_slots(book))) {
		free(name);
		return false;
	}
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

	if (book == NULL)
		return NULL;
	book->slot_count = SLOTS_MIN;
	book->slots = calloc(SLOTS_MIN, sizeof(*book->slots));
	if (book->slots == NULL || !add(book, name_new("", "", S53_ZONE_OTHER))) {
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
	for (uint32_t i = 0; i < book->count; i++)
		free(book->names[i]);
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
	struct s53_tally_name *name;
	uint32_t number;

	if (kind != S53_ZONE_BUILTIN)
		s53_name_print(&route->apex, zone);
	if ((name = name_new(numbering->view->name, zone, kind)) == NULL)
		return 0;
	number = book->slots[slot_of(book, name->labels)];
	if (number != 0)
		free(name);
	else if (add(book, name))
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
		struct numbering numbering = { .book = book, .view = &policy->views[i] };

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
