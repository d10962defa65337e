/* SPDX-License-Identifier: ISC
 *
 * check_tls.c - tls and http blocks, and the listeners that name them.
 *
 * A listener for TLS or HTTPS is ignored with a warning, but errors in it are still reported.
 */
#include <string.h>
#include <strings.h>

#include "check.h"

static void
check_tls(struct conf_checker *checker, const struct s53_conf_statement *tls)
{
	static const char versions[] = "TLSv1.2 TLSv1.3";
	const struct s53_conf_statement *key = s53_conf_find(tls->body, "key-file");
	const struct s53_conf_statement *protocols = s53_conf_find(tls->body, "protocols");
	char shown[CONF_SHOWN];
	size_t len;

	if (strcasecmp(tls->label, "none") == 0 || strcasecmp(tls->label, "ephemeral") == 0)
		conf_check_error(checker, tls->place,
		    "tls '%s' is built in and cannot be redefined", tls->label);
	if (!conf_node_of(tls)->broken &&
	    (key == NULL) != (s53_conf_find(tls->body, "cert-file") == NULL))
		conf_check_error(checker, tls->place,
		    "tls '%s' has only one of 'key-file' and 'cert-file': both are required, or "
		    "none",
		    conf_show(tls->label, shown));
	if (protocols == NULL || protocols->value.type != S53_CONF_WORDS)
		return;
	for (const struct s53_conf_words *it = protocols->value.words; it != NULL; it = it->next)
		if (conf_words_find(versions, it->text, &len) == NULL)
			conf_check_error(checker, it->place,
			    "'%s' is not a version of TLS that BIND supports: TLSv1.2 or TLSv1.3",
			    conf_show(it->text, shown));
}

/* RFC 3986 s3.3: segments of unreserved characters, sub-delimiters, ":", "@" and %XX. */
static bool
is_absolute_path(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._~!$&'()*+,;=:@%/";

	return path[0] == '/' && path[1] != '/' && path[strspn(path, letters)] == '\0';
}

static void
check_http(struct conf_checker *checker, const struct s53_conf_statement *http)
{
	const struct s53_conf_statement *endpoints = s53_conf_find(http->body, "endpoints");
	char shown[CONF_SHOWN];

	if (strcasecmp(http->label, "default") == 0)
		conf_check_error(
		    checker, http->place, "http 'default' is built in and cannot be redefined");
	if (endpoints == NULL || endpoints->value.type != S53_CONF_WORDS)
		return;
	for (const struct s53_conf_words *it = endpoints->value.words; it != NULL; it = it->next)
		if (!is_absolute_path(it->text))
			conf_check_error(checker, it->place,
			    "endpoint '%s' is not an absolute path, such as \"/dns-query\"",
			    conf_show(it->text, shown));
}

static bool
names_tls(const struct conf_checker *checker, const char *name)
{
	return strcmp(name, "none") == 0 || strcmp(name, "ephemeral") == 0 ||
	    conf_index_find(&checker->tls, name) != NULL;
}

static void
check_listener(struct conf_checker *checker, const struct s53_conf_statement *statement)
{
	const struct s53_conf_statement *http = s53_conf_find(statement->body, "http");
	char shown[CONF_SHOWN];

	if (statement->value.tls != NULL && !names_tls(checker, statement->value.tls))
		conf_check_error(checker, statement->place, "tls '%s' is not defined",
		    conf_show(statement->value.tls, shown));
	if (http == NULL || http->value.type != S53_CONF_TEXT)
		return;
	if (strcmp(http->value.text, "default") != 0 &&
	    conf_index_find(&checker->http, http->value.text) == NULL)
		conf_check_error(checker, http->place, "http '%s' is not defined",
		    conf_show(http->value.text, shown));
}

void
conf_check_listeners(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	for (; first != NULL && !checker->sources->incomplete; first = first->next)
		if (conf_node_of(first)->rule->inside == IN_LISTEN)
			check_listener(checker, first);
}

void
conf_check_tls(struct conf_checker *checker)
{
	for (size_t i = 0; i < checker->tls.count; i++)
		check_tls(checker, &checker->tls.keys[i].node->statement);
	for (size_t i = 0; i < checker->http.count; i++)
		check_http(checker, &checker->http.keys[i].node->statement);
}
