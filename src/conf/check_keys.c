/* SPDX-License-Identifier: ISC
 *
 * check_keys.c - keys: of TSIG, and of DNSSEC (trust anchors).
 *
 * None of them is used here. But a slip in one is an error in named, and an operator who keeps the
 * file for both should not learn of it when named starts.
 */
#include <string.h>
#include <strings.h>

#include "check.h"

static bool
has_anchors(const struct s53_conf_clause *clause)
{
	static const char names[] = "managed-keys trust-anchors trusted-keys";
	const struct s53_conf_words *words = clause->value.words; /* with the braces */
	size_t len;

	return conf_words_find(names, clause->name, &len) != NULL &&
	    clause->value.type == S53_CONF_WORDS && words != NULL && words->next != NULL &&
	    words->next->next != NULL;
}

/*
 * BIND validates by anchors that are written even where dnssec-validation is not: 9.16 and later by
 * default. Where it is written its own warning says that nothing is validated.
 */
static void
check_anchors(struct conf_checker *checker, const struct s53_conf_clause *first)
{
	for (; first != NULL; first = first->next)
		if (has_anchors(first))
			conf_check_warn(checker, first, S53_CONF_IGNORED_SECURITY, first->name,
			    "trust anchors are not used: nothing is validated, and forged answers "
			    "pass where BIND refuses them");
}

void
conf_check_keys(struct conf_checker *checker)
{
	const struct s53_conf_clause *top = checker->conf->top;

	if (s53_conf_find(s53_conf_options(checker->conf), "dnssec-validation") != NULL)
		return;
	check_anchors(checker, top);
	for (const struct s53_conf_clause *view = s53_conf_find(top, "view"); view != NULL;
	     view = s53_conf_find(view->next, "view"))
		if (s53_conf_find(view->body, "dnssec-validation") == NULL)
			check_anchors(checker, view->body);
}
