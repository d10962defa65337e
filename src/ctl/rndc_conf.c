/* SPDX-License-Identifier: ISC
 *
 * rndc_conf.c - see rndc_conf.h.
 *
 * The file is read three times, since its statements may have any order: for the default server and
 * key, for the `server` block, and for the `key` block. Other statements are skipped by matching
 * braces.
 */
#include "rndc_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum token { TOKEN_END, TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_SEMICOLON, TOKEN_BAD };

#define FILE_MAX ((size_t)64 * 1024) /* real ones have a few hundred bytes */

struct scan {
	char *text; /* the whole file */
	size_t len, at;
	char word[CTL_WORD];
};

/* The next character, or EOF. */
static int
take(struct scan *scan)
{
	return scan->at < scan->len ? (unsigned char)scan->text[scan->at++] : EOF;
}

/* Skip a comment that begins with `first`. false: it is not a comment. */
static bool
skip_comment(struct scan *scan, int first)
{
	int next = first == '/' ? take(scan) : '/';
	int before = 0;

	if (first == '#' || (first == '/' && next == '/')) {
		for (int c = take(scan); c != EOF && c != '\n'; c = take(scan))
			;
		return true;
	}
	if (next != '*')
		return false;
	for (int c = take(scan); c != EOF && !(before == '*' && c == '/'); c = take(scan))
		before = c;
	return true;
}

static enum token
read_word(struct scan *scan, int first)
{
	bool is_quoted = first == '"';
	size_t len = 0;
	int c = is_quoted ? take(scan) : first;

	for (; c != EOF; c = take(scan)) {
		if (is_quoted ? c == '"' : strchr(" \t\r\n;{}\"", c) != NULL)
			break;
		if (len == sizeof(scan->word) - 1)
			return TOKEN_BAD;
		scan->word[len++] = (char)c;
	}
	scan->word[len] = '\0';
	if (is_quoted)
		return c == '"' ? TOKEN_WORD : TOKEN_BAD;
	if (c != EOF)
		scan->at--;
	return TOKEN_WORD;
}

static enum token
next(struct scan *scan)
{
	for (;;) {
		int c = take(scan);

		switch (c) {
		case EOF:
			return TOKEN_END;
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			continue;
		case '{':
			return TOKEN_OPEN;
		case '}':
			return TOKEN_CLOSE;
		case ';':
			return TOKEN_SEMICOLON;
		case '#':
		case '/':
			if (!skip_comment(scan, c))
				return TOKEN_BAD;
			continue;
		default:
			return read_word(scan, c);
		}
	}
}

/* Skip to the end of the statement. false: the file ends first. */
static bool
skip_statement(struct scan *scan)
{
	unsigned depth = 0;

	for (;;) {
		switch (next(scan)) {
		case TOKEN_OPEN:
			depth++;
			break;
		case TOKEN_CLOSE:
			if (depth-- == 0)
				return false;
			break;
		case TOKEN_SEMICOLON:
			if (depth == 0)
				return true;
			break;
		case TOKEN_END:
		case TOKEN_BAD:
			return false;
		case TOKEN_WORD:
			break;
		}
	}
}

/* A statement `name VALUE;` to look for in a block, and the buffer for its value. */
struct wanted {
	const char *name;
	char *value; /* of CTL_WORD octets */
};

/* `addresses { 192.0.2.1 port 953; ... };`: the first. */
static bool
read_addresses(struct scan *scan, char *value)
{
	enum token token = next(scan);

	if (token != TOKEN_OPEN || next(scan) != TOKEN_WORD)
		return false;
	strcpy(value, scan->word);
	do {
		token = next(scan);
		if (token == TOKEN_END || token == TOKEN_BAD)
			return false;
	} while (token != TOKEN_CLOSE);
	return next(scan) == TOKEN_SEMICOLON;
}

/* Read the rest of a block after its opening brace. */
static bool
read_block(struct scan *scan, const struct wanted wanted[])
{
	for (;;) {
		const struct wanted *it = wanted;
		enum token token = next(scan);

		if (token == TOKEN_CLOSE)
			return next(scan) == TOKEN_SEMICOLON;
		if (token != TOKEN_WORD)
			return false;
		while (it->name != NULL && strcasecmp(it->name, scan->word) != 0)
			it++;
		if (it->name != NULL && strcasecmp(it->name, "addresses") == 0) {
			if (!read_addresses(scan, it->value))
				return false;
		} else if (it->name != NULL) {
			if (next(scan) != TOKEN_WORD)
				return false;
			strcpy(it->value, scan->word);
			if (!skip_statement(scan))
				return false;
		} else if (!skip_statement(scan)) {
			return false;
		}
	}
}

/*
 * Find and read the block `kind LABEL { }`, or `kind { }` for a label of NULL. false: syntax error.
 */
static bool
read_blocks(struct scan *scan, const char *kind, const char *label, const struct wanted wanted[])
{
	scan->at = 0;
	for (;;) {
		enum token token = next(scan);
		bool is_wanted;

		if (token == TOKEN_END)
			return true;
		if (token != TOKEN_WORD)
			return false;
		is_wanted = strcasecmp(scan->word, kind) == 0;
		token = next(scan);
		if (token == TOKEN_WORD) {
			is_wanted =
			    is_wanted && label != NULL && strcasecmp(scan->word, label) == 0;
			token = next(scan);
		}
		if (token == TOKEN_SEMICOLON)
			continue; /* include "x"; */
		if (token != TOKEN_OPEN)
			return false;
		if (!read_block(scan, is_wanted ? wanted : (const struct wanted[]){ { 0 } }))
			return false;
	}
}

static bool
read_all(struct scan *scan, const char *name, const char *key, struct ctl_rndc_conf *out)
{
	char port[CTL_WORD] = "", own_port[CTL_WORD] = "", server[CTL_WORD] = "";
	char own_key[CTL_WORD] = "";
	const struct wanted defaults[] = { { "default-server", out->server },
		{ "default-key", out->key }, { "default-port", port }, { 0 } };
	const struct wanted of_server[] = { { "key", own_key }, { "port", own_port },
		{ "addresses", server }, { 0 } };
	const struct wanted of_key[] = { { "algorithm", out->algorithm }, { "secret", out->secret },
		{ 0 } };

	if (!read_blocks(scan, "options", NULL, defaults))
		return false;
	if (name != NULL)
		snprintf(out->server, sizeof(out->server), "%s", name);
	if (!read_blocks(scan, "server", out->server, of_server))
		return false;
	if (server[0] != '\0')
		strcpy(out->server, server);
	if (key != NULL)
		snprintf(out->key, sizeof(out->key), "%s", key);
	else if (own_key[0] != '\0')
		strcpy(out->key, own_key);
	out->port = (uint16_t)atoi(own_port[0] != '\0' ? own_port : port);
	return read_blocks(scan, "key", out->key, of_key);
}

/* Read the file into scan->text, which the caller frees. false: errno. */
static bool
read_file(const char *path, struct scan *scan)
{
	FILE *file = fopen(path, "re");
	int why;

	if (file == NULL)
		return false;
	if ((scan->text = malloc(FILE_MAX)) == NULL) {
		fclose(file);
		errno = ENOMEM;
		return false;
	}
	scan->len = fread(scan->text, 1, FILE_MAX, file);
	why = ferror(file) ? errno : scan->len == FILE_MAX ? EFBIG : 0;
	fclose(file);
	errno = why;
	return why == 0;
}

bool
ctl_rndc_conf_read(const char *path, const char *name, const char *key, struct ctl_rndc_conf *out)
{
	struct scan scan = { 0 };
	bool fine;

	memset(out, 0, sizeof(*out));
	if (!read_file(path, &scan)) {
		fprintf(stderr, "split53ctl: '%s' cannot be read: %s\n", path, strerror(errno));
		free(scan.text);
		return false;
	}
	fine = read_all(&scan, name, key, out);
	free(scan.text);
	if (!fine)
		fprintf(
		    stderr, "split53ctl: '%s' is not a valid rndc.conf: see rndc.conf(5)\n", path);
	else if (out->secret[0] == '\0' || out->algorithm[0] == '\0')
		fprintf(stderr, "split53ctl: '%s' has no key '%s'\n", path, out->key);
	return fine && out->secret[0] != '\0' && out->algorithm[0] != '\0';
}
