/* SPDX-License-Identifier: ISC
 *
 * check_keys.c - TSIG keys.
 *
 * split53 does not use them. But an error in a key is one in named, and in a configuration for
 * both it should be reported before named starts.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <split53/name.h>

#include "check.h"

/* The HMACs that BIND supports, and their length in bits. */
static const struct {
	const char *name;
	unsigned bits;
} algorithms[] = {
	{ "hmac-md5", 128 },
	{ "hmac-sha1", 160 },
	{ "hmac-sha224", 224 },
	{ "hmac-sha256", 256 },
	{ "hmac-sha384", 384 },
	{ "hmac-sha512", 512 },
};

static const char *
check_bits(const char *text, unsigned bits)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return "it is not an HMAC that BIND knows";
	value = strtoul(text, &end, 10);
	if (*end != '\0' || value % 8 != 0 || value > bits)
		return "its number of bits is not a multiple of 8, or too large";
	return NULL;
}

/* "hmac-sha256", "hmac-sha256-128", "hmac-md5.sig-alg.reg.int.": NULL, or what is wrong with it. */
static const char *
check_algorithm(const char *text)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		size_t len = strlen(algorithms[i].name);

		if (strncasecmp(text, algorithms[i].name, len) != 0)
			continue;
		text += len;
		if (*text == '\0' || (i == 0 && strncasecmp(text, ".sig-alg.reg.int", 16) == 0))
			return NULL;
		if (*text == '-')
			return check_bits(text + 1, algorithms[i].bits);
		break;
	}
	return "it is not an HMAC that BIND knows (hmac-sha256 is the usual one)";
}

bool
conf_check_is_base64(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	unsigned count = 0, pads = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
			continue;
		if (*text == '=')
			pads++;
		else if (pads > 0 || strchr(digits, *text) == NULL)
			return false;
		count++;
	}
	return count % 4 == 0 && pads <= 2;
}

static void
check_key(struct conf_checker *checker, const struct conf_node *node)
{
	const struct s53_conf_statement *body = node->statement.body;
	const struct s53_conf_statement *algorithm = s53_conf_find(body, "algorithm");
	const struct s53_conf_statement *secret = s53_conf_find(body, "secret");
	char shown[CONF_SHOWN];
	const char *why;

	if (node->broken)
		return;
	if (algorithm == NULL || secret == NULL) {
		conf_check_error(checker, node->statement.place,
		    "key '%s' requires 'algorithm' and 'secret'",
		    conf_show(node->statement.label, shown));
		return;
	}
	if ((why = check_algorithm(algorithm->value.text)) != NULL)
		conf_check_error(checker, algorithm->value.place, "unknown algorithm '%s': %s",
		    conf_show(algorithm->value.text, shown), why);
	if (!conf_check_is_base64(secret->value.text)) /* messages must not contain the secret */
		conf_check_error(checker, secret->value.place,
		    "the secret is not base64: make one with tsig-keygen");
}

#define KEY_TEXT (S53_NAME_TEXT + 1)

/* Names of keys are domain names: "k" and "K." are the same. false: not a valid name. */
static bool
key_name(const char *label, char text[static KEY_TEXT])
{
	size_t len = strlen(label);
	struct s53_name name;

	if (len >= KEY_TEXT || s53_name_parse(label, &name) != S53_OK)
		return false;
	strcpy(text, label);
	if (len > 1 && text[len - 1] == '.')
		text[len - 1] = '\0';
	return true;
}

static void
add_keys(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	char name[KEY_TEXT], shown[CONF_SHOWN];

	for (const struct s53_conf_statement *it = s53_conf_find(first, "key"); it != NULL;
	     it = s53_conf_find(it->next, "key")) {
		if (it->label == NULL)
			continue;
		check_key(checker, conf_node_of(it));
		if (key_name(it->label, name))
			conf_index_add(checker, &checker->keys, name, conf_node_of(it));
		else
			conf_check_error(checker, it->place, "'%s' is not a valid key name",
			    conf_show(it->label, shown));
	}
}

void
conf_check_key_used(struct conf_checker *checker, const struct s53_conf_statement *view,
    const char *label, struct s53_place place)
{
	char name[KEY_TEXT], shown[CONF_SHOWN];
	const struct conf_key *key = NULL;

	if (checker->sources->incomplete)
		return; /* it may be defined in the file that cannot be read */
	if (key_name(label, name))
		key = conf_index_find(&checker->keys, name);
	for (; key != NULL && key < checker->keys.keys + checker->keys.count &&
	     key->len == strlen(name) &&
	     strncasecmp((const char *)key->octets, name, key->len) == 0;
	     key++)
		if (key->node->statement.parent == NULL || key->node->statement.parent == view)
			return;
	conf_check_error(checker, place, "unknown key '%s': no 'key' statement defines it",
	    conf_show(label, shown));
}

/* A channel of controls: named requires `allow` and `keys`. */
static void
check_channel(struct conf_checker *checker, const struct s53_conf_statement *channel)
{
	const struct s53_conf_statement *keys = s53_conf_find(channel->body, "keys");
	bool is_inet = strcmp(channel->name, "inet") == 0;

	if (conf_node_of(channel)->broken)
		return;
	if (is_inet && s53_conf_find(channel->body, "allow") == NULL)
		conf_check_error(checker, channel->place, "'inet' in controls requires 'allow'");
	if (!is_inet &&
	    (s53_conf_find(channel->body, "perm") == NULL ||
		s53_conf_find(channel->body, "owner") == NULL ||
		s53_conf_find(channel->body, "group") == NULL))
		conf_check_error(checker, channel->place,
		    "'unix' in controls requires 'perm', 'owner' and 'group'");
	if (keys != NULL && keys->value.type == S53_CONF_WORDS)
		for (const struct s53_conf_words *it = keys->value.words; it != NULL; it = it->next)
			conf_check_key_used(checker, NULL, it->text, it->place);
}

static void
check_controls(struct conf_checker *checker)
{
	for (const struct s53_conf_statement *it = s53_conf_find(checker->conf->top, "controls");
	     it != NULL; it = s53_conf_find(it->next, "controls"))
		for (const struct s53_conf_statement *channel = it->body; channel != NULL;
		     channel = channel->next)
			check_channel(checker, channel);
}

/* The same name in two views is two keys. */
static void
check_twice(struct conf_checker *checker)
{
	const struct conf_index *keys = &checker->keys;
	char shown[CONF_SHOWN];

	for (size_t i = 1; i < keys->count; i++) {
		const struct s53_conf_statement *a = &keys->keys[i - 1].node->statement;
		const struct s53_conf_statement *b = &keys->keys[i].node->statement;

		if (keys->keys[i - 1].len != keys->keys[i].len ||
		    memcmp(keys->keys[i - 1].octets, keys->keys[i].octets, keys->keys[i].len) != 0)
			continue;
		if (a->parent == b->parent || a->parent == NULL || b->parent == NULL)
			conf_check_error(checker, b->place, "key '%s' is already defined in %s:%u",
			    conf_show(b->label, shown), a->place.file, a->place.line);
	}
}

void
conf_check_keys(struct conf_checker *checker)
{
	add_keys(checker, checker->conf->top);
	for (const struct s53_conf_statement *view = s53_conf_find(checker->conf->top, "view");
	     view != NULL; view = s53_conf_find(view->next, "view"))
		add_keys(checker, view->body);
	conf_index_sort(&checker->keys);
	check_twice(checker);
	check_controls(checker);
}
