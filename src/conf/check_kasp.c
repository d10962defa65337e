/* SPDX-License-Identifier: ISC
 *
 * check_kasp.c - the body of a dnssec-policy (key and signing policy): its keys.
 *
 * split53 signs no zones; what named rejects is rejected all the same.
 */
#include <string.h>
#include <strings.h>

#include "check.h"
#include "units.h"

#define ITERATIONS_MAX 150 /* BIND 9.18; fewer in newer versions (RFC 9276) */
#define RSA_MIN 1024
#define RSA_MAX 4096

static const struct s53_conf_words *
error_at(struct conf_checker *checker, const struct s53_conf_words *word, const char *why)
{
	char shown[CONF_SHOWN];

	conf_check_error(
	    checker, word->place, "dnssec-policy: '%s' %s", conf_show(word->text, shown), why);
	return NULL;
}

static bool
is_mark(const struct s53_conf_words *word, const char *mark)
{
	return word == NULL || (!word->quoted && strcmp(word->text, mark) == 0);
}

static bool
is_rsa(const char *text)
{
	static const char names[] = "5 7 8 10 rsasha1 nsec3rsasha1 rsasha256 rsasha512";
	size_t len;

	return conf_words_find(names, text, &len) != NULL;
}

static bool
is_algorithm(const char *text)
{
	static const char names[] = "rsamd5 dh dsa nsec3dsa eccgost ecdsa256 ecdsap256sha256 "
				    "ecdsa384 ecdsap384sha384 ed25519 ed448";
	uint64_t number;
	size_t len;

	return is_rsa(text) || conf_words_find(names, text, &len) != NULL ||
	    (conf_number_parse(text, &number) == S53_OK && number <= UINT8_MAX);
}

static bool
is_lifetime(const char *text)
{
	uint64_t seconds;

	return strcasecmp(text, "unlimited") == 0 || conf_duration_parse(text, &seconds) == S53_OK;
}

/* algorithm NAME [length]; returns what follows, or NULL after an error. */
static const struct s53_conf_words *
check_algorithm(struct conf_checker *checker, const struct s53_conf_words *word)
{
	const struct s53_conf_words *length = word->next;
	uint64_t bits;

	if (!is_algorithm(word->text))
		return error_at(checker, word, "is not an algorithm");
	if (is_mark(length, ";"))
		return length != NULL ? length->next : NULL;
	if (conf_number_parse(length->text, &bits) != S53_OK)
		return error_at(checker, length, "is not a key length");
	if (is_rsa(word->text) && (bits < RSA_MIN || bits > RSA_MAX))
		return error_at(checker, length, "is not a length of an RSA key (1024 to 4096)");
	if (length->next == NULL || !is_mark(length->next, ";"))
		return error_at(checker, length, "is not followed by ';'");
	return length->next->next;
}

/* ROLE [key-directory | key-store NAME] [lifetime L] algorithm A [length]; */
static const struct s53_conf_words *
check_key(struct conf_checker *checker, const struct s53_conf_words *word)
{
	static const char roles[] = "csk ksk zsk";
	size_t len;

	if (conf_words_find(roles, word->text, &len) == NULL)
		return error_at(checker, word, "is not csk, ksk or zsk");
	for (word = word->next; word != NULL && word->next != NULL; word = word->next) {
		if (strcasecmp(word->text, "algorithm") == 0)
			return check_algorithm(checker, word->next);
		if (strcasecmp(word->text, "lifetime") == 0) {
			word = word->next;
			if (!is_lifetime(word->text))
				return error_at(checker, word, "is not a duration");
		} else if (is_mark(word, ";")) {
			return error_at(checker, word, "was found where 'algorithm' is expected");
		}
	}
	return NULL;
}

static void
check_iterations(struct conf_checker *checker, const struct s53_conf_statement *policy)
{
	const struct s53_conf_statement *nsec3 = s53_conf_find(policy->body, "nsec3param");
	uint64_t number;

	if (nsec3 == NULL || nsec3->value.type != S53_CONF_WORDS)
		return;
	for (const struct s53_conf_words *it = nsec3->value.words; it != NULL; it = it->next)
		if (strcasecmp(it->text, "iterations") == 0 && it->next != NULL &&
		    (conf_number_parse(it->next->text, &number) != S53_OK ||
			number > ITERATIONS_MAX))
			error_at(checker, it->next, "iterations are more than the limit of 150");
}

void
conf_check_kasp(struct conf_checker *checker, const struct s53_conf_statement *policy)
{
	const struct s53_conf_statement *keys = s53_conf_find(policy->body, "keys");
	const struct s53_conf_words *word = NULL;

	check_iterations(checker, policy);
	if (keys != NULL && keys->value.type == S53_CONF_WORDS && keys->value.words != NULL)
		word = keys->value.words->next;
	while (!is_mark(word, "}"))
		word = check_key(checker, word);
}

void
conf_check_kasp_zone(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	static const char *const replaced[] = { "dnskey-sig-validity", "dnssec-dnskey-kskonly",
		"dnssec-secure-to-insecure", "dnssec-update-mode", "sig-validity-interval",
		"update-check-ksk" };

	if (s53_conf_find(zone->body, "dnssec-policy") == NULL)
		return;
	for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++) {
		const struct s53_conf_statement *found = s53_conf_find(zone->body, replaced[i]);

		if (found != NULL)
			conf_check_error(checker, found->place,
			    "'%s' is not valid with 'dnssec-policy', which replaces it: remove it",
			    found->name);
	}
}
