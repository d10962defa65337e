/* SPDX-License-Identifier: ISC
 *
 * check_zone.c - zones: a valid name once, a type, and what that type needs and allows.
 */
#include <string.h>
#include <strings.h>

#include <split53/name.h>

#include "check.h"

static const struct {
	const char *word;
	unsigned bit; /* enum conf_zone_type */
} types[] = {
	{ "forward", ZONE_FORWARD },
	{ "primary", ZONE_PRIMARY },
	{ "master", ZONE_PRIMARY },
	{ "secondary", ZONE_SECONDARY },
	{ "slave", ZONE_SECONDARY },
	{ "mirror", ZONE_MIRROR },
	{ "stub", ZONE_STUB },
	{ "static-stub", ZONE_STATIC_STUB },
	{ "hint", ZONE_HINT },
	{ "delegation-only", ZONE_DELEGATION },
	{ "redirect", ZONE_REDIRECT },
};

static unsigned
type_bit(const char *word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].word, word) == 0)
			return types[i].bit;
	return 0;
}

/* Statements that are not valid in a zone of this type, which BIND rejects, too. */
static void
check_allowed(struct conf_checker *checker, const struct s53_conf_statement *zone, const char *type,
    unsigned bit)
{
	for (const struct s53_conf_statement *it = zone->body; it != NULL; it = it->next) {
		const struct conf_rule *rule = conf_node_of(it)->rule;

		if (rule->zone_types == 0 || (rule->zone_types & bit) != 0)
			continue;
		conf_check_error(
		    checker, it->place, "'%s' is not valid in a zone of type %s", it->name, type);
	}
}

static void
need(struct conf_checker *checker, const struct s53_conf_statement *zone, const char *type,
    const char *name)
{
	char shown[CONF_SHOWN];

	const struct s53_conf_statement *found = s53_conf_find(zone->body, name);

	if (found == NULL)
		conf_check_error(checker, zone->place, "zone '%s' of type %s requires '%s'",
		    conf_show(zone->label, shown), type, name);
	else if (found->value.type == S53_CONF_PEERS && found->value.peers == NULL)
		conf_check_error(
		    checker, found->place, "'%s' is empty: the zone requires a server", name);
}

static void
check_needed(struct conf_checker *checker, const struct s53_conf_statement *zone,
    const struct s53_conf_statement *type, unsigned bit)
{
	const struct s53_conf_statement *inline_signing =
	    s53_conf_find(zone->body, "inline-signing");
	bool is_root = strcmp(zone->label, ".") == 0;

	if ((bit & (ZONE_PRIMARY | ZONE_HINT)) != 0)
		need(checker, zone, type->value.text, "file");
	if ((bit & (ZONE_SECONDARY | ZONE_STUB)) != 0 || (bit == ZONE_MIRROR && !is_root))
		need(checker, zone, type->value.text, "primaries");
	if (bit == ZONE_SECONDARY && inline_signing != NULL &&
	    inline_signing->value.type == S53_CONF_BOOL && inline_signing->value.boolean)
		need(checker, zone, type->value.text, "file");
	if (bit == ZONE_STATIC_STUB && !is_root &&
	    s53_conf_find(zone->body, "server-addresses") == NULL &&
	    s53_conf_find(zone->body, "server-names") == NULL)
		conf_check_warn(checker, type, S53_CONF_IGNORED_DIFFERENT, "type static-stub",
		    "neither 'server-addresses' nor 'server-names': the zone has no effect");
	if (bit == ZONE_FORWARD && s53_conf_find(zone->body, "forwarders") == NULL)
		conf_warn(checker->sources, S53_CONF_IGNORED_DIFFERENT, zone->place, "zone",
		    "without 'forwarders' its names are exempt from the forward zones above it, as "
		    "with an empty list");
}

/* The servers of a static-stub must not have names in its own zone. */
static void
check_server_names(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *names = s53_conf_find(zone->body, "server-names");
	struct s53_name apex, name;
	char shown[CONF_SHOWN];

	if (names == NULL || names->value.type != S53_CONF_WORDS ||
	    s53_name_parse(zone->label, &apex) != S53_OK)
		return;
	for (const struct s53_conf_words *it = names->value.words; it != NULL; it = it->next) {
		if (s53_name_parse(it->text, &name) != S53_OK)
			conf_check_error(checker, it->place, "'%s' is not a domain name",
			    conf_show(it->text, shown));
		else if (s53_name_is_at_or_below(&name, &apex))
			conf_check_error(checker, it->place,
			    "server '%s' is inside the zone itself: give its address in "
			    "'server-addresses'",
			    conf_show(it->text, shown));
	}
}

/* A mirror is for validating resolvers: as in BIND, not without recursion, nor with notify. */
static void
check_mirror(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *recursion =
	    conf_check_inherited(checker, zone, "recursion");
	const struct s53_conf_statement *notify = s53_conf_find(zone->body, "notify");

	if (recursion != NULL && recursion->value.type == S53_CONF_BOOL &&
	    !recursion->value.boolean)
		conf_check_error(
		    checker, zone->place, "a zone of type mirror is not valid with 'recursion no'");
	if (notify != NULL && notify->value.type == S53_CONF_BOOL && notify->value.boolean)
		conf_check_error(checker, notify->place,
		    "in a zone of type mirror, 'notify' must be 'no' or 'explicit'");
}

/* As in BIND: the forwarders of the root are given once. */
static void
check_root(struct conf_checker *checker, const struct s53_conf_statement *zone, unsigned bit)
{
	const struct s53_conf_statement *own = s53_conf_find(zone->body, "forwarders");
	const struct s53_conf_statement *other = NULL;

	if (bit != ZONE_FORWARD || own == NULL || strcmp(zone->label, ".") != 0)
		return;
	if (zone->parent != NULL)
		other = s53_conf_find(zone->parent->body, "forwarders");
	if (other == NULL)
		other = s53_conf_find(s53_conf_options(checker->conf), "forwarders");
	if (other != NULL)
		conf_check_error(checker, own->place,
		    "'forwarders' of zone \".\" conflicts with 'forwarders' in %s:%u: remove one "
		    "of them",
		    other->place.file, other->place.line);
}

static void
check_type(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	const struct conf_node *node = conf_node_of(zone);
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");
	char shown[CONF_SHOWN];
	unsigned bit;

	if (s53_conf_find(zone->body, "in-view") != NULL)
		return; /* check_in_view.c */
	if (type == NULL) {
		if (!node->broken)
			conf_check_error(checker, zone->place, "zone '%s' has no type",
			    conf_show(zone->label, shown));
		return;
	}
	if (type->value.type != S53_CONF_TEXT || (bit = type_bit(type->value.text)) == 0)
		return;
	check_allowed(checker, zone, type->value.text, bit);
	if (node->broken)
		return;
	check_needed(checker, zone, type, bit);
	check_server_names(checker, zone);
	check_root(checker, zone, bit);
	if (bit == ZONE_MIRROR)
		check_mirror(checker, zone);
	conf_check_update_policy(checker, zone);
	conf_check_kasp_zone(checker, zone);
}

static void
check_forward(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	const struct s53_conf_statement *forward = s53_conf_find(zone->body, "forward");

	if (forward != NULL && !conf_node_of(zone)->broken &&
	    s53_conf_find(zone->body, "forwarders") == NULL)
		conf_check_error(checker, forward->place,
		    "'forward' requires 'forwarders' in the same block: list the servers there, or "
		    "remove 'forward'");
}

static void
check_class(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	const char *expected = zone->parent != NULL ? zone->parent->class_name : NULL;

	if (zone->class_name == NULL)
		return; /* the statement is broken */
	if (expected != NULL && strcmp(zone->class_name, expected) != 0)
		conf_check_error(checker, zone->place,
		    "class %s of this zone is not that of its view, %s", zone->class_name,
		    expected);
	else if (expected == NULL && strcmp(zone->class_name, "IN") != 0)
		conf_check_warn(checker, zone, S53_CONF_IGNORED_DIFFERENT, "zone",
		    "only class IN can have zones; version.bind and similar names of class CH are "
		    "answered from 'version', 'hostname' and 'server-id'");
}

/* The key of a zone in the index: its class and its name, in lower case. */
static void
add_zone(struct conf_checker *checker, struct conf_index *zones,
    const struct s53_conf_statement *zone, struct s53_name *name)
{
	uint8_t key[1 + S53_NAME_MAX];

	s53_name_lower(name);
	key[0] = zone->class_name != NULL ? (uint8_t)zone->class_name[0] : 'I';
	memcpy(key + 1, name->octets, name->len);
	conf_index_add_octets(checker, zones, key, (size_t)name->len + 1, conf_node_of(zone));
}

void
conf_check_zones(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	struct conf_index zones = { .keys = NULL };
	char shown[CONF_SHOWN];
	struct s53_name name;

	for (const struct s53_conf_statement *it = s53_conf_find(first, "zone"); it != NULL;
	     it = s53_conf_find(it->next, "zone")) {
		if (it->label == NULL)
			continue;
		if (s53_name_parse(it->label, &name) != S53_OK) {
			conf_check_error(checker, it->place, "'%s' is not a domain name",
			    conf_show(it->label, shown));
			continue;
		}
		add_zone(checker, &zones, it, &name);
		check_class(checker, it);
		check_type(checker, it);
		check_forward(checker, it);
		conf_check_cache(checker, it);
	}
	conf_index_sort(&zones);
	conf_index_twice(checker, &zones);
	conf_index_fini(&zones);
}
