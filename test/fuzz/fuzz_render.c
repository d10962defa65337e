/* SPDX-License-Identifier: ISC
 *
 * fuzz_render.c - a received answer as text: one line a record, which ldns reads back as the same
 * owner, type and class, and without any character that a terminal would interpret.
 */
#include "oracle.h"

#include <split53/render.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

#define AGE_S 17
#define TYPE_CERT \
	37 /* ldns 1.8 loses memory when it reads a certificate type that it does not know */

static void
must_be_line_of(
    const char *line, size_t line_len, const uint8_t *octets, size_t len, const struct s53_rr *rr)
{
	struct s53_name owner = name_at(octets, len, rr->owner_at);
	ldns_rr *read = NULL;
	char *copy;

	for (size_t i = 0; i < line_len; i++)
		MUST((unsigned char)line[i] >= ' ' || line[i] == '\t');
	MUST((copy = strndup(line, line_len)) != NULL);
	if (rr->type != TYPE_CERT &&
	    ldns_rr_new_frm_str(&read, copy, 0, NULL, NULL) == LDNS_STATUS_OK) {
		MUST(oracle_name_is(ldns_rr_owner(read), &owner));
		MUST(ldns_rr_get_class(read) == rr->class);
		MUST(ldns_rr_get_type(read) == rr->type);
		MUST(ldns_rr_ttl(read) ==
		    (rr->ttl > 0x7fffffff || rr->ttl < AGE_S ? 0 : rr->ttl - AGE_S));
		ldns_rr_free(read);
	} /* otherwise it is damaged data, which ldns writes but cannot read */
	free(copy);
}

static char *
dump_of(const struct s53_render_cached *cached, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	MUST(out != NULL && s53_render_cached(out, cached));
	fclose(out);
	return text;
}

/* A failure has no line for a name that does not exist: each line is a record or a comment. */
static void
try_records(const uint8_t *octets, size_t len)
{
	uint8_t *failure = copy_of(octets, len);
	size_t text_len = 0;
	char *text, *line;
	struct s53_walk walk;
	struct s53_rr rr;

	MUST(len >= S53_HEADER_LEN); /* it passed the check */
	failure[3] = (uint8_t)((failure[3] & 0xf0) | S53_RCODE_SERVFAIL);
	line = text =
	    dump_of(&(struct s53_render_cached){ .message = failure, .len = len, .age_s = AGE_S },
		&text_len);
	MUST(s53_walk_begin(&walk, failure, len));
	while (line < text + text_len) {
		char *end = memchr(line, '\n', text_len - (size_t)(line - text));

		MUST(end != NULL);
		if (*line != ';') {
			MUST(s53_walk_next(&walk, &rr));
			must_be_line_of(line, (size_t)(end - line), failure, len, &rr);
		}
		line = end + 1;
	}
	MUST(!s53_walk_next(&walk, &rr));
	free(text);
	free(failure);
}

static void
try_dump(const uint8_t *octets, size_t len)
{
	size_t text_len = 0;
	char *text = dump_of(&(struct s53_render_cached){ .message = octets,
				 .len = len,
				 .age_s = AGE_S,
				 .authentic = octets[0] % 2 != 0,
				 .stale = octets[1] % 2 != 0,
				 .stale_left_s = 99,
				 .stale_since_s = UINT64_C(1) << (octets[1] % 64) },
	    &text_len);

	for (size_t i = 0; i < text_len; i++)
		MUST((unsigned char)text[i] >= ' ' || text[i] == '\t' || text[i] == '\n');
	MUST(text_len > 2 && memcmp(text, "; ", 2) == 0 && text[text_len - 1] == '\n');
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct s53_edns edns;
	size_t opt_at;

	if (!s53_message_check(octets, len, &edns, &opt_at))
		return 0;
	if (opt_at == 0 && s53_header_count(octets, S53_QUESTION) == 1) {
		try_records(octets, len);
		try_dump(octets, len);
	}
	return 0;
}
