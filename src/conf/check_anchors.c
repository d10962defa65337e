/* SPDX-License-Identifier: ISC
 *
 * check_anchors.c - trust anchors: trust-anchors, managed-keys and trusted-keys.
 *
 * split53 does not validate. But an error in an anchor is one in named, and anchors without
 * validation are a missing protection, which is warned of.
 *
 * Sources  BIND 9 ARM, "trust-anchors"; RFC 4034 s2.1, s5.1
 */
#include <string.h>
#include <strings.h>

#include <split53/name.h>

#include "check.h"
#include "units.h"

static bool
has_anchors(const struct s53_conf_statement *statement)
{
	static const char names[] = "managed-keys trust-anchors trusted-keys";
	const struct s53_conf_words *words = statement->value.words; /* with the braces */
	size_t len;

	return conf_words_find(names, statement->name, &len) != NULL &&
	    statement->value.type == S53_CONF_WORDS && words != NULL && words->next != NULL &&
	    words->next->next != NULL;
}

static bool
is_mark(const struct s53_conf_words *word, const char *mark)
{
	return word == NULL || (!word->quoted && strcmp(word->text, mark) == 0);
}

/* RFC 4648 s8; blanks are allowed between the digits. */
static bool
is_hex(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++) {
		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		if (strchr("0123456789abcdefABCDEF", *text) == NULL)
			return false;
		count++;
	}
	return count % 2 == 0;
}

/* An anchor that is being read. */
struct anchor {
	const struct s53_conf_words *name, *kind; /* kind NULL: trusted-keys has none */
	bool is_static, is_digest;
};

static const struct s53_conf_words *
error_at(struct conf_checker *checker, struct s53_place place, const struct s53_conf_words *word,
    const char *why)
{
	char shown[CONF_SHOWN];

	conf_check_error(checker, word != NULL ? word->place : place, "trust anchor: '%s' %s",
	    word != NULL ? conf_show(word->text, shown) : "}", why);
	return NULL;
}

/* Flags, protocol and algorithm of a key; tag, algorithm and type of a digest. */
static const struct s53_conf_words *
check_numbers(struct conf_checker *checker, const struct s53_conf_words *word)
{
	static const uint64_t key_max[] = { UINT16_MAX, UINT8_MAX, UINT8_MAX };
	uint64_t number;

	for (size_t i = 0; i < sizeof(key_max) / sizeof(key_max[0]); i++, word = word->next)
		if (word == NULL || word->next == NULL || word->quoted ||
		    conf_number_parse(word->text, &number) != S53_OK || number > key_max[i])
			return error_at(checker, (struct s53_place){ 0 }, word,
			    "is not a number: expected flags, protocol and algorithm, or key tag, "
			    "algorithm and digest type");
	return word;
}

static bool
read_kind(struct anchor *anchor)
{
	static const char *const kinds[] = { "initial-key", "static-key", "initial-ds",
		"static-ds" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcasecmp(anchor->kind->text, kinds[i]) != 0)
			continue;
		anchor->is_static = i % 2 == 1;
		anchor->is_digest = i >= 2;
		return true;
	}
	return false;
}

/* NAME [KIND] N N N TEXT; returns what follows, or NULL after an error. */
static const struct s53_conf_words *
check_anchor(
    struct conf_checker *checker, const struct s53_conf_statement *statement, struct anchor *anchor)
{
	const struct s53_conf_words *word = anchor->name->next;
	struct s53_name name;

	if (s53_name_parse(anchor->name->text, &name) != S53_OK)
		return error_at(checker, statement->place, anchor->name, "is not a domain name");
	anchor->is_static = true;
	if (strcmp(statement->name, "trusted-keys") != 0) {
		anchor->kind = word;
		if (word == NULL || !read_kind(anchor))
			return error_at(checker, statement->place, word,
			    "is not initial-key, static-key, initial-ds or static-ds");
		word = word->next;
	}
	if ((word = check_numbers(checker, word)) == NULL)
		return NULL;
	if (anchor->is_digest ? !is_hex(word->text) : !conf_check_is_base64(word->text))
		return error_at(checker, statement->place, word,
		    anchor->is_digest ? "is not hexadecimal" : "is not base64");
	if (word->next == NULL || !is_mark(word->next, ";"))
		return error_at(checker, statement->place, word, "is not followed by ';'");
	return word->next->next;
}

static void
check_statement(struct conf_checker *checker, const struct s53_conf_statement *statement,
    struct conf_index *statics, struct conf_index *initials)
{
	const struct s53_conf_words *word =
	    statement->value.words != NULL ? statement->value.words->next : NULL;

	while (!is_mark(word, "}")) {
		struct anchor anchor = { .name = word };

		if ((word = check_anchor(checker, statement, &anchor)) == NULL)
			return;
		conf_index_add(checker, anchor.is_static ? statics : initials, anchor.name->text,
		    conf_node_of(statement));
	}
}

/* The keys of a name are all static, or all initial ones for RFC 5011. */
/* `managed-keys` is the old name of `trust-anchors`; trusted-keys may stand beside it. */
static void
check_one_statement(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	const struct s53_conf_statement *managed = s53_conf_find(first, "managed-keys");

	if (managed != NULL && s53_conf_find(first, "trust-anchors") != NULL)
		conf_check_error(checker, managed->place,
		    "'managed-keys' beside 'trust-anchors': move its keys there");
}

static void
check_list(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	struct conf_index statics = { .keys = NULL }, initials = { .keys = NULL };

	check_one_statement(checker, first);
	for (; first != NULL; first = first->next)
		if (has_anchors(first))
			check_statement(checker, first, &statics, &initials);
	conf_index_sort(&statics);
	conf_index_sort(&initials);
	for (size_t i = 0; i < statics.count; i++) {
		const struct conf_key *key = &statics.keys[i];
		char name[S53_NAME_TEXT];

		if (key->len >= sizeof(name))
			continue;
		memcpy(name, key->octets, key->len);
		name[key->len] = '\0';
		if (conf_index_find(&initials, name) != NULL)
			conf_check_error(checker, key->node->statement.place,
			    "trust anchor: '%s' has both static and initial keys: only one kind is "
			    "allowed for a name",
			    name);
	}
	conf_index_fini(&statics);
	conf_index_fini(&initials);
}

/*
 * BIND 9.16 and later validates with configured anchors even without dnssec-validation, because
 * its default is auto. Where that statement exists, it has a warning of its own.
 */
static void
warn_of_anchors(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	for (; first != NULL; first = first->next)
		if (has_anchors(first))
			conf_check_warn(checker, first, S53_CONF_IGNORED_SECURITY, first->name,
			    "trust anchors are ignored: split53 does not validate, and forged "
			    "answers that BIND rejects reach the clients");
}

static void
warn_of_all(struct conf_checker *checker)
{
	const struct s53_conf_statement *top = checker->conf->top;

	if (s53_conf_find(s53_conf_options(checker->conf), "dnssec-validation") != NULL)
		return;
	warn_of_anchors(checker, top);
	for (const struct s53_conf_statement *view = s53_conf_find(top, "view"); view != NULL;
	     view = s53_conf_find(view->next, "view"))
		if (s53_conf_find(view->body, "dnssec-validation") == NULL)
			warn_of_anchors(checker, view->body);
}

void
conf_check_anchors(struct conf_checker *checker)
{
	check_list(checker, checker->conf->top);
	for (const struct s53_conf_statement *view = s53_conf_find(checker->conf->top, "view");
	     view != NULL; view = s53_conf_find(view->next, "view"))
		check_list(checker, view->body);
	warn_of_all(checker);
}
