/* SPDX-License-Identifier: ISC
 *
 * check_files.c - a zone file that named writes must not be the file of another zone.
 *
 * split53 writes no zone files. In named two zones that write one file destroy each other's data,
 * and it does not start; so this is an error here too. Zones that only read a file may share it.
 */
#include <string.h>
#include <strings.h>

#include "check.h"

static const char *
word_of(const struct s53_conf_statement *statement)
{
	return statement != NULL && statement->value.type == S53_CONF_TEXT ? statement->value.text
									   : "";
}

/* Does the list allow updates by any client? As in BIND, only { none; } does not. */
static bool
takes_updates(const struct s53_conf_statement *allow)
{
	const struct s53_conf_match *match =
	    allow != NULL && allow->value.type == S53_CONF_MATCH ? allow->value.match : NULL;

	return match != NULL &&
	    !(match->next == NULL && !match->negated && match->kind == S53_MATCH_NAME &&
		strcasecmp(match->name, "none") == 0);
}

static bool
is_written(const struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	static const char copies[] = "secondary slave mirror";
	const struct s53_conf_statement *policy =
	    conf_check_inherited(checker, zone, "dnssec-policy");
	const char *type = word_of(s53_conf_find(zone->body, "type"));
	size_t len;

	if (conf_words_find(copies, type, &len) != NULL)
		return true;
	if (strcmp(type, "primary") != 0 && strcmp(type, "master") != 0)
		return false;
	return s53_conf_find(zone->body, "update-policy") != NULL ||
	    takes_updates(conf_check_inherited(checker, zone, "allow-update")) ||
	    (policy != NULL && strcmp(word_of(policy), "none") != 0);
}

static void
add_zones(
    struct conf_checker *checker, struct conf_index *files, const struct s53_conf_statement *first)
{
	for (const struct s53_conf_statement *it = s53_conf_find(first, "zone"); it != NULL;
	     it = s53_conf_find(it->next, "zone")) {
		const char *path = word_of(s53_conf_find(it->body, "file"));
		const char *type = word_of(s53_conf_find(it->body, "type"));

		if (*path != '\0' && strcmp(type, "stub") != 0)
			conf_index_add_octets(
			    checker, files, (const uint8_t *)path, strlen(path), conf_node_of(it));
	}
}

static bool
same_file(const struct conf_key *a, const struct conf_key *b)
{
	return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

/* Zones with the same file, of which at least one is written: all but the first are errors. */
static void
report(struct conf_checker *checker, const struct conf_key *keys, size_t count)
{
	const struct s53_conf_statement *first = &keys[0].node->statement;
	char shown[CONF_SHOWN];

	for (size_t i = 1; i < count; i++)
		conf_check_error(checker,
		    s53_conf_find(keys[i].node->statement.body, "file")->place,
		    "file '%s' is already in use by the zone in %s:%u, and transfers, updates or "
		    "signing write one of the two: give each zone a file of its own",
		    conf_show(word_of(s53_conf_find(first->body, "file")), shown),
		    first->place.file, first->place.line);
}

void
conf_check_files(struct conf_checker *checker)
{
	struct conf_index files = { .keys = NULL };

	add_zones(checker, &files, checker->conf->top);
	for (const struct s53_conf_statement *view = s53_conf_find(checker->conf->top, "view");
	     view != NULL; view = s53_conf_find(view->next, "view"))
		add_zones(checker, &files, view->body);
	conf_index_sort(&files);
	for (size_t from = 0, to; from < files.count; from = to) {
		bool written = false;

		for (to = from; to < files.count && same_file(&files.keys[from], &files.keys[to]);
		     to++)
			written = written || is_written(checker, &files.keys[to].node->statement);
		if (written)
			report(checker, &files.keys[from], to - from);
	}
	conf_index_fini(&files);
}
