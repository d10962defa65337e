/* SPDX-License-Identifier: ISC
 *
 * check_in_view.c - `in-view`: the zone is in an earlier view, and has no other statements.
 *
 * The rules are BIND's: a forward zone cannot be shared, nor can a zone that is itself shared by
 * in-view.
 */
#include <string.h>

#include <split53/name.h>

#include "check.h"

#define VIEW_MAX 255 /* bytes of a view's name that are compared; longer ones do not occur */
#define KEY_MAX (VIEW_MAX + 1 + S53_NAME_MAX)

struct sharing {
	struct conf_checker *checker;
	struct conf_index zones; /* that can be shared, by view and name */
	size_t earlier; /* how many of them are in views before the one that is checked */
};

/* The key of a zone in a view: the name of the view, 0, the name of the zone in lower case. */
static size_t
key_of(const char *view, const struct s53_conf_statement *zone, uint8_t key[KEY_MAX])
{
	size_t len = strnlen(view, VIEW_MAX);
	struct s53_name name;

	if (zone->label == NULL || s53_name_parse(zone->label, &name) != S53_OK)
		return 0; /* it has been reported */
	s53_name_lower(&name);
	memcpy(key, view, len);
	key[len++] = 0;
	memcpy(key + len, name.octets, name.len);
	return len + name.len;
}

static bool
can_be_shared(const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");

	return type != NULL && type->value.type == S53_CONF_TEXT &&
	    strcmp(type->value.text, "forward") != 0;
}

/* Add the zones of a view to the index; once that is complete, only count them. */
static void
add_zones(struct sharing *sharing, const struct s53_conf_statement *view, bool complete)
{
	const struct s53_conf_statement *zone = s53_conf_find(view->body, "zone");
	uint8_t key[KEY_MAX];

	for (; zone != NULL; zone = s53_conf_find(zone->next, "zone")) {
		size_t len = can_be_shared(zone) ? key_of(view->label, zone, key) : 0;

		if (len > 0 && complete)
			sharing->earlier++;
		else if (len > 0)
			conf_index_add_octets(
			    sharing->checker, &sharing->zones, key, len, conf_node_of(zone));
	}
}

static void
check_alone(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	for (const struct s53_conf_statement *it = zone->body; it != NULL; it = it->next)
		if (strcmp(it->name, "in-view") != 0 && strcmp(it->name, "forward") != 0 &&
		    strcmp(it->name, "forwarders") != 0)
			conf_check_error(checker, it->place,
			    "'%s' is not valid with 'in-view': the zone and its options are those "
			    "of the other view; only 'forward' and 'forwarders' may be added",
			    it->name);
}

static void
check_shared(struct sharing *sharing, const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *in_view = s53_conf_find(zone->body, "in-view");
	const struct conf_key *found;
	char shown[CONF_SHOWN], shown_view[CONF_SHOWN];
	uint8_t key[KEY_MAX];
	size_t len;

	if (in_view == NULL || in_view->value.type != S53_CONF_TEXT)
		return;
	check_alone(sharing->checker, zone);
	len = key_of(in_view->value.text, zone, key);
	if (len == 0)
		return;
	found = conf_index_find_octets(&sharing->zones, key, len);
	if (found == NULL || found->order >= sharing->earlier)
		conf_check_error(sharing->checker, in_view->place,
		    "no earlier view '%s' has a zone '%s' that can be shared; define it there (a "
		    "forward zone cannot be shared), or define the zone here without 'in-view'",
		    conf_show(in_view->value.text, shown_view), conf_show(zone->label, shown));
}

static void
check_zones(struct sharing *sharing, const struct s53_conf_statement *first)
{
	const struct s53_conf_statement *zone = s53_conf_find(first, "zone");

	for (; zone != NULL; zone = s53_conf_find(zone->next, "zone"))
		check_shared(sharing, zone);
}

void
conf_check_in_view(struct conf_checker *checker)
{
	struct sharing sharing = { .checker = checker };
	const struct s53_conf_statement *top = checker->conf->top,
					*view = s53_conf_find(top, "view");

	for (; view != NULL; view = s53_conf_find(view->next, "view"))
		if (view->label != NULL)
			add_zones(&sharing, view, false);
	conf_index_sort(&sharing.zones);
	check_zones(&sharing, top);
	view = s53_conf_find(top, "view");
	for (; view != NULL; view = s53_conf_find(view->next, "view")) {
		check_zones(&sharing, view->body);
		if (view->label != NULL)
			add_zones(&sharing, view, true);
	}
	conf_index_fini(&sharing.zones);
}
