/* SPDX-License-Identifier: ISC
 *
 * check_raw.c - checks ignored statements that the parser keeps as a list of words.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "units.h"

static bool
is_mark(const struct s53_conf_words *word, const char *mark)
{
	return word == NULL || (!word->quoted && strcmp(word->text, mark) == 0);
}

static bool
port_of(struct conf_checker *checker, const struct s53_conf_words *word, uint64_t *port)
{
	if (word != NULL && conf_number_parse(word->text, port) == S53_OK && *port <= UINT16_MAX)
		return true;
	if (word != NULL)
		conf_check_error(
		    checker, word->place, "'%s' is not a port (0 to 65535)", word->text);
	return false;
}

/* { PORT; range PORT PORT; ... } */
static void
check_ports(struct conf_checker *checker, const struct s53_conf_statement *statement)
{
	const struct s53_conf_words *word = statement->value.words;

	for (word = word != NULL ? word->next : NULL; !is_mark(word, "}"); word = word->next) {
		uint64_t low, high;

		if (strcasecmp(word->text, "range") == 0) {
			if (!port_of(checker, word->next, &low) ||
			    !port_of(checker, word->next->next, &high))
				return;
			if (low > high)
				conf_check_error(checker, word->place,
				    "'range %s %s': the first port is greater than the second",
				    word->next->text, word->next->next->text);
			word = word->next->next;
		} else if (!port_of(checker, word, &low)) {
			return;
		}
		word = word->next;
		if (!is_mark(word, ";") || word == NULL)
			return;
	}
}

/* "0.75": BIND's fixed-point numbers have a point, and at most two digits behind it. */
static bool
is_fixed_point(const char *text)
{
	size_t whole = strspn(text, "0123456789"), part;

	if (whole == 0 || whole > 5 || text[whole] != '.')
		return false;
	part = strspn(text + whole + 1, "0123456789");
	return part >= 1 && part <= 2 && text[whole + 1 + part] == '\0';
}

/* INTERVAL LOW HIGH DISCOUNT */
static void
check_quota(struct conf_checker *checker, const struct s53_conf_statement *statement)
{
	const struct s53_conf_words *word = statement->value.words;
	uint64_t interval;

	if (word == NULL || conf_number_parse(word->text, &interval) != S53_OK) {
		conf_check_error(checker, statement->place,
		    "'fetch-quota-params' must begin with a number of responses");
		return;
	}
	for (unsigned i = 0; i < 3; i++) {
		word = word->next;
		if (word == NULL || !is_fixed_point(word->text)) {
			conf_check_error(checker, word != NULL ? word->place : statement->place,
			    "'fetch-quota-params' takes a number of responses and three decimal "
			    "fractions, such as 0.75");
			return;
		}
	}
}

void
conf_check_raw(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	static const char *const ports[] = { "avoid-v4-udp-ports", "avoid-v6-udp-ports",
		"use-v4-udp-ports", "use-v6-udp-ports" };
	const struct s53_conf_statement *found;

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if ((found = s53_conf_find(block->body, ports[i])) != NULL &&
		    found->value.type == S53_CONF_WORDS)
			check_ports(checker, found);
	if ((found = s53_conf_find(block->body, "fetch-quota-params")) != NULL &&
	    found->value.type == S53_CONF_WORDS)
		check_quota(checker, found);
}
