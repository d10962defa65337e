/* SPDX-License-Identifier: ISC
 *
 * entry.c - see entry.h.
 */
#include "entry.h"

#include <stdlib.h>
#include <string.h>

enum s53_status
entry_reader_init(struct entry_reader *entries, const char *text, size_t len)
{
	/*
	 * No entry is longer than the text; one byte for the final NUL, one for a mark before it.
	 */
	char *buffer = malloc(ENTRY_HEADROOM + len + 2);

	if (buffer == NULL)
		return S53_E_NOMEM;
	*entries =
	    (struct entry_reader){ .at = text, .end = text + len, .line = 1, .buffer = buffer };
	return S53_OK;
}

void
entry_reader_fini(struct entry_reader *entries)
{
	free(entries->buffer);
	entries->buffer = NULL;
}

static void
skip_line(struct entry_reader *entries)
{
	while (entries->at < entries->end && *entries->at != '\n')
		entries->at++;
}

/* State while one entry is copied. */
struct cutting {
	char *to;
	bool quoted;
	unsigned depth; /* of parentheses */
	bool content; /* anything but blanks so far */
};

/* Copy the character at entries->at, which is no newline, to the buffer, or skip it. */
static const char *
cut_one(struct entry_reader *entries, struct cutting *cut)
{
	char c = *entries->at++;

	if (c == '\0')
		return "a NUL byte";
	if (c == '\\') {
		if (entries->at == entries->end || *entries->at == '\n' || *entries->at == '\0')
			return "a backslash at the end";
		cut->content = true;
		*cut->to++ = c;
		*cut->to++ = *entries->at++;
		return NULL;
	}
	if (c == '"')
		cut->quoted = !cut->quoted;
	if (!cut->quoted && c == ';') {
		skip_line(entries);
		return NULL;
	}
	if (!cut->quoted && (c == '(' || c == ')')) {
		if (c == ')' && cut->depth == 0)
			return "')' without '('";
		cut->depth += c == '(' ? 1u : -1u;
		c = ' ';
	}
	if (c == '\r' && (entries->at == entries->end || *entries->at == '\n'))
		return NULL; /* a file with DOS line ends */
	if (!cut->quoted && (c == '\t' || c == '\r' || c == '\v' || c == '\f'))
		c = ' ';
	cut->content |= c != ' ';
	*cut->to++ = c;
	return NULL;
}

/* Copy up to the end of a line that is not joined to the next one. */
static const char *
cut_entry(struct entry_reader *entries, struct cutting *cut)
{
	const char *problem = NULL;

	while (entries->at < entries->end && problem == NULL) {
		if (*entries->at != '\n') {
			problem = cut_one(entries, cut);
			continue;
		}
		if (cut->quoted)
			problem = "a quoted string does not end on its line";
		if (cut->depth == 0 || problem != NULL)
			break;
		entries->at++;
		entries->line++;
		*cut->to++ = ' ';
	}
	if (problem == NULL && cut->quoted)
		problem = "a quoted string does not end";
	if (problem == NULL && cut->depth > 0)
		problem = "'(' without ')'";
	return problem;
}

bool
entry_reader_next(struct entry_reader *entries, struct entry *out)
{
	while (entries->at < entries->end) {
		struct cutting cut = { .to = entries->buffer + ENTRY_HEADROOM };

		*out =
		    (struct entry){ .text = cut.to, .line = entries->line, .source = entries->at };
		out->problem = cut_entry(entries, &cut);
		*cut.to = '\0';
		if (out->problem != NULL)
			skip_line(entries);
		if (entries->at < entries->end) {
			entries->at++; /* the newline */
			entries->line++;
		}
		if (out->problem != NULL || cut.content)
			return true;
	}
	return false;
}

char *
entry_word(char **at, bool unquote)
{
	char *from = *at, *to, *word;
	bool quoted = false;

	while (*from == ' ')
		from++;
	if (*from == '\0')
		return NULL;
	for (word = to = from; *from != '\0' && (quoted || *from != ' '); from++) {
		if (*from == '"') {
			quoted = !quoted;
			if (unquote)
				continue;
		}
		if (*from == '\\' && from[1] != '\0')
			*to++ = *from++;
		*to++ = *from;
	}
	*at = *from == '\0' ? from : from + 1;
	*to = '\0';
	return word;
}
