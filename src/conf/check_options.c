/* SPDX-License-Identifier: ISC
 *
 * check_options.c - values of options, views and zones that BIND rejects beyond their ranges; most
 *                   are in statements without effect here.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "units.h"

/* Table sizes of rate-limit: BIND's defaults. */
#define TABLE_MIN 500
#define TABLE_MAX 20000

static uint64_t
number_of(const struct s53_conf_statement *body, const char *name, uint64_t otherwise)
{
	const struct s53_conf_statement *statement = s53_conf_find(body, name);

	return statement != NULL && statement->value.type == S53_CONF_NUMBER
	    ? statement->value.number
	    : otherwise;
}

static void
check_rate_limit(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	const struct s53_conf_statement *limit = s53_conf_find(block->body, "rate-limit");
	const struct s53_conf_statement *max;
	uint64_t least;

	if (limit == NULL || (max = s53_conf_find(limit->body, "max-table-size")) == NULL)
		return;
	least = number_of(limit->body, "min-table-size", TABLE_MIN);
	if (max->value.type == S53_CONF_NUMBER && max->value.number < least)
		conf_check_error(checker, max->place,
		    "'max-table-size' %" PRIu64 " is less than 'min-table-size' %" PRIu64,
		    max->value.number, least);
}

/* Both families without a source: no server could be queried. */
static void
check_sources(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	const struct s53_conf_statement *v4 = s53_conf_find(block->body, "query-source");
	const struct s53_conf_statement *v6 = s53_conf_find(block->body, "query-source-v6");

	if (v4 != NULL && v6 != NULL && v4->value.type == S53_CONF_TEXT &&
	    v6->value.type == S53_CONF_TEXT)
		conf_check_error(checker, v6->place,
		    "'query-source none' and 'query-source-v6 none': no server could be queried");
}

/* 128 bits for aes and siphash24; sha1 and sha256 of BIND 9.11 have 160 and 256. */
static bool
is_cookie_secret(const char *text)
{
	size_t len = strlen(text);

	return text[strspn(text, "0123456789abcdefABCDEF")] == '\0' &&
	    (len == 32 || len == 40 || len == 64);
}

static void
check_cookies(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	for (const struct s53_conf_statement *it = s53_conf_find(block->body, "cookie-secret");
	     it != NULL; it = s53_conf_find(it->next, "cookie-secret"))
		if (it->value.type == S53_CONF_TEXT && !is_cookie_secret(it->value.text))
			conf_check_error(checker, it->place,
			    "cookie-secret must be 32 hexadecimal digits (128 bits)");
}

/* The elements of a list must be among `words`, or numbers to 255. */
static void
check_mnemonics(struct conf_checker *checker, const struct s53_conf_statement *block,
    const char *name, const char *words)
{
	char shown[CONF_SHOWN];
	uint64_t number;
	size_t len;

	for (const struct s53_conf_statement *it = s53_conf_find(block->body, name); it != NULL;
	     it = s53_conf_find(it->next, name)) {
		if (it->second.type != S53_CONF_WORDS)
			continue;
		for (const struct s53_conf_words *word = it->second.words; word != NULL;
		     word = word->next)
			if (conf_words_find(words, word->text, &len) == NULL &&
			    (conf_number_parse(word->text, &number) != S53_OK || number > 255))
				conf_check_error(checker, word->place,
				    "'%s': BIND does not know '%s'", name,
				    conf_show(word->text, shown));
	}
}

/* check-names master and check-names primary are the same. */
static void
check_names(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	static const char *const kinds[] = { "primary", "master", "secondary", "slave",
		"response" };
	unsigned seen = 0;

	if (strcmp(block->name, "zone") == 0)
		return;
	for (const struct s53_conf_statement *it = s53_conf_find(block->body, "check-names");
	     it != NULL; it = s53_conf_find(it->next, "check-names")) {
		for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			unsigned bit = 1u << i / 2;

			if (it->value.type != S53_CONF_TEXT ||
			    strcmp(it->value.text, kinds[i]) != 0)
				continue;
			if ((seen & bit) != 0)
				conf_check_error(
				    checker, it->place, "'check-names %s' is repeated", kinds[i]);
			seen |= bit;
		}
	}
}

static void
check_ratio(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	const struct s53_conf_statement *ratio = s53_conf_find(block->body, "max-ixfr-ratio");

	if (ratio != NULL && ratio->value.type == S53_CONF_NUMBER && ratio->value.number == 0)
		conf_check_error(checker, ratio->place,
		    "'max-ixfr-ratio' must be a percentage above 0, or unlimited");
}

void
conf_check_options(struct conf_checker *checker, const struct s53_conf_statement *block)
{
	check_rate_limit(checker, block);
	check_sources(checker, block);
	check_cookies(checker, block);
	check_mnemonics(checker, block, "disable-algorithms",
	    "RSAMD5 DH DSA RSASHA1 NSEC3DSA NSEC3RSASHA1 RSASHA256 RSASHA512 ECCGOST "
	    "ECDSAP256SHA256 ECDSAP384SHA384 ED25519 ED448 INDIRECT PRIVATEDNS PRIVATEOID");
	check_mnemonics(
	    checker, block, "disable-ds-digests", "SHA-1 SHA1 SHA-256 SHA256 SHA-384 SHA384 GOST");
	check_names(checker, block);
	check_ratio(checker, block);
}
