/* SPDX-License-Identifier: ISC
 *
 * lexer.c - the tokens of named.conf.
 *
 * After a missing quote, the rest of the file would be one long string and, from the next quote
 * on, text and strings would be swapped. So a string that is not closed where its first line ends
 * in a semicolon ends before that semicolon, and one that is not closed at the end of the file
 * ends with its first line, both with an error at their beginning. Other strings may continue over
 * line ends, as in bind.keys.
 */
#include <stdint.h>
#include <string.h>

#include "lexer.h"

void
conf_lexer_init(struct conf_lexer *lexer, struct conf_sources *sources, struct s53_arena *arena,
    const struct conf_source *source)
{
	memset(lexer, 0, sizeof(*lexer));
	lexer->sources = sources;
	lexer->arena = arena;
	lexer->source = source;
	lexer->line = 1;
	if (source->len >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0)
		lexer->at = 3; /* a byte order mark, as some editors write it */
}

static struct s53_place
place_here(const struct conf_lexer *lexer)
{
	size_t column = lexer->at - lexer->line_start + 1;

	return (struct s53_place){ .file = lexer->source->name,
		.line = lexer->line,
		.column = column < 1000000000 ? (unsigned)column : 0 };
}

static bool
at_end(const struct conf_lexer *lexer)
{
	return lexer->at >= lexer->source->len;
}

/* The byte at offset `ahead`; NUL behind the end. */
static char
look(const struct conf_lexer *lexer, size_t ahead)
{
	size_t at = lexer->at + ahead;

	return at < lexer->source->len ? lexer->source->text[at] : '\0';
}

static void
step(struct conf_lexer *lexer)
{
	if (look(lexer, 0) == '\n') {
		lexer->line++;
		lexer->line_start = lexer->at + 1;
	}
	lexer->at++;
}

static bool
is_blank(char octet)
{
	return octet == ' ' || octet == '\t' || octet == '\n' || octet == '\r' || octet == '\f' ||
	    octet == '\v' || octet == '\0';
}

static bool
comment_begins(const struct conf_lexer *lexer)
{
	char octet = look(lexer, 0);

	return octet == '#' || (octet == '/' && (look(lexer, 1) == '/' || look(lexer, 1) == '*'));
}

static void
skip_comment(struct conf_lexer *lexer)
{
	struct s53_place begin = place_here(lexer);

	if (look(lexer, 0) == '#' || look(lexer, 1) == '/') {
		while (!at_end(lexer) && look(lexer, 0) != '\n')
			step(lexer);
		return;
	}
	lexer->at += 2;
	while (!at_end(lexer)) {
		if (look(lexer, 0) == '*' && look(lexer, 1) == '/') {
			lexer->at += 2;
			return;
		}
		step(lexer);
	}
	conf_report(
	    lexer->sources, S53_DIAG_ERROR, begin, "this comment is not closed: '*/' is missing");
}

static void
skip_blanks(struct conf_lexer *lexer)
{
	while (!at_end(lexer)) {
		if (comment_begins(lexer)) {
			skip_comment(lexer);
			continue;
		}
		if (!is_blank(look(lexer, 0)))
			return;
		if (look(lexer, 0) == '\0' && !lexer->nul_said) {
			conf_report(lexer->sources, S53_DIAG_ERROR, place_here(lexer),
			    "a NUL byte: this is not a text file");
			lexer->nul_said = true;
		}
		step(lexer);
	}
}

/* Make `len` bytes from `start` the token's text; `quoted`: \" is an escaped quote. */
static void
keep_text(struct conf_lexer *lexer, struct conf_token *out, size_t start, size_t len, bool quoted)
{
	const char *from = lexer->source->text + start;
	char *text;
	size_t used = 0;
	bool escaped = false;

	if (len > TOKEN_MAX) {
		conf_report(lexer->sources, S53_DIAG_ERROR, out->place,
		    "this word has %zu bytes: the limit is %d", len, TOKEN_MAX);
		len = TOKEN_MAX;
	}
	if ((text = s53_arena_alloc(lexer->arena, len + 1)) == NULL) {
		lexer->out_of_memory = true;
		return;
	}
	if (memchr(from, '\\', len) == NULL && memchr(from, '\0', len) == NULL) {
		memcpy(text, from, len);
		used = len;
	}
	for (size_t i = used; i < len; i++) {
		if (quoted && escaped && from[i] == '"')
			used--; /* the backslash before it; others are kept, as in BIND */
		escaped = from[i] == '\\' && !escaped;
		text[used++] = from[i] == '\0' ? '?' : from[i];
	}
	text[used] = '\0';
	out->text = text;
}

/* The offset of the semicolon at the end of the line, after a missing quote; 0: there is none. */
static size_t
forgotten_quote(const struct conf_lexer *lexer, size_t start)
{
	size_t end = lexer->at;

	while (end > start && is_blank(lexer->source->text[end - 1]))
		end--;
	return end > start && lexer->source->text[end - 1] == ';' ? end - 1 : 0;
}

static void
string_cut(struct conf_lexer *lexer, struct conf_token *out, size_t start, size_t end)
{
	conf_report(lexer->sources, S53_DIAG_ERROR, out->place,
	    "the quoted string that begins here is not closed: '\"' is missing");
	lexer->at = end;
	lexer->line = out->place.line;
	lexer->line_start = start - out->place.column; /* the quote is before `start` */
	keep_text(lexer, out, start, end - start, true);
}

static void
read_string(struct conf_lexer *lexer, struct conf_token *out)
{
	size_t start, first_line_end = 0, cut;
	bool escaped = false;

	out->kind = TOKEN_STRING;
	lexer->at++;
	start = lexer->at;
	for (; !at_end(lexer); step(lexer)) {
		char octet = look(lexer, 0);

		if (octet == '"' && !escaped)
			break;
		if (octet == '\0' && !lexer->nul_said) {
			conf_report(lexer->sources, S53_DIAG_ERROR, place_here(lexer),
			    "a NUL byte: this is not a text file");
			lexer->nul_said = true;
		}
		if (octet == '\n' && first_line_end == 0) {
			first_line_end = lexer->at;
			if ((cut = forgotten_quote(lexer, start)) != 0) {
				string_cut(lexer, out, start, cut);
				return;
			}
		}
		escaped = octet == '\\' && !escaped;
	}
	if (at_end(lexer)) {
		cut = forgotten_quote(lexer, start);
		if (first_line_end != 0)
			cut = first_line_end;
		string_cut(lexer, out, start, cut != 0 ? cut : lexer->at);
		return;
	}
	keep_text(lexer, out, start, lexer->at - start, true);
	lexer->at++;
}

static bool
ends_word(const struct conf_lexer *lexer)
{
	static const bool ends[256] = { ['\0'] = true,
		[' '] = true,
		['\t'] = true,
		['\n'] = true,
		['\r'] = true,
		['\f'] = true,
		['\v'] = true,
		['{'] = true,
		['}'] = true,
		[';'] = true,
		['!'] = true,
		['"'] = true,
		['#'] = true };
	uint8_t octet = (uint8_t)look(lexer, 0);

	return ends[octet] || (octet == '/' && comment_begins(lexer));
}

/* The quotes of word processors, in UTF-8: those of English, German and French texts. */
static bool
has_typographic_quote(const char *text)
{
	static const char *const quotes[] = { "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e",
		"\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9a", "\xc2\xab", "\xc2\xbb" };

	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++)
		if (strstr(text, quotes[i]) != NULL)
			return true;
	return false;
}

void
conf_lexer_next(struct conf_lexer *lexer, struct conf_token *out)
{
	static const char marks[] = "{};!";
	static const enum conf_token_kind kinds[] = { TOKEN_OPEN, TOKEN_CLOSE, TOKEN_SEMICOLON,
		TOKEN_NOT };
	const char *mark;
	size_t start;

	skip_blanks(lexer);
	memset(out, 0, sizeof(*out));
	out->place = out->after = place_here(lexer);
	if (at_end(lexer))
		return;
	start = lexer->at;
	if (look(lexer, 0) == '"') {
		read_string(lexer, out);
	} else if ((mark = memchr(marks, look(lexer, 0), sizeof(marks) - 1)) != NULL) {
		out->kind = kinds[mark - marks];
		lexer->at++;
	} else {
		out->kind = TOKEN_WORD;
		while (!at_end(lexer) && !ends_word(lexer))
			lexer->at++;
		keep_text(lexer, out, start, lexer->at - start, false);
		out->hash_follows = look(lexer, 0) == '#';
		out->has_typographic_quote = out->text != NULL && has_typographic_quote(out->text);
	}
	out->after = place_here(lexer);
}
