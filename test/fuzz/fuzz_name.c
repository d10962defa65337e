/* SPDX-License-Identifier: ISC
 *
 * fuzz_name.c - names in wire format and as text, compared with ldns.
 *
 * The input is read twice: as bytes with names in them, where the first byte is the offset to
 * begin at; and as text. ldns 1.8.3 accepts more pointers (forwards, into the header, longer
 * chains), so its result counts where we accept and where there is no pointer. It accepts more
 * text, too.
 */
#include "oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void
print_and_parse_back(const struct s53_name *name)
{
	char text[S53_NAME_TEXT];
	struct s53_name back;
	ldns_rdf *theirs;

	MUST(strlen(s53_name_print(name, text)) < S53_NAME_TEXT);
	MUST(s53_name_parse(text, &back) == S53_OK && s53_name_same(name, &back));
	theirs = ldns_dname_new_frm_str(text);
	MUST(theirs != NULL && oracle_name_is(theirs, name));
	ldns_rdf_deep_free(theirs);
}

static void
parse_what_ldns_prints(const ldns_rdf *theirs, const struct s53_name *name)
{
	char *text = ldns_rdf2str(theirs);
	struct s53_name back;

	MUST(text != NULL && s53_name_parse(text, &back) == S53_OK);
	MUST(s53_name_same(name, &back));
	free(text);
}

/* The labels of a name, found without our code. */
static void
take_apart(const struct s53_name *name, const ldns_rdf *theirs)
{
	unsigned labels = s53_name_label_count(name);
	struct s53_name lower = *name;
	struct s53_name up;

	MUST(labels == ldns_dname_label_count(theirs));
	s53_name_lower(&lower);
	MUST(s53_name_equal(name, &lower));
	for (unsigned i = 0; i <= labels + 1; i++) {
		up = s53_name_ancestor(name, i);
		MUST(s53_name_label_count(&up) == (i < labels ? labels - i : 0));
		MUST(s53_name_is_at_or_below(&lower, &up));
		MUST(i == 0 || i > labels || !s53_name_is_at_or_below(&up, name));
	}
	MUST(up.len == 1);
}

/* Uncompressed labels up to the root: then we and ldns must agree. */
static bool
has_pointer(const uint8_t *octets, size_t len, size_t at)
{
	while (at < len && octets[at] != 0 && octets[at] < 0xc0)
		at += 1u + octets[at];
	return at < len && octets[at] >= 0xc0;
}

static void
from_wire(const uint8_t *octets, size_t len, size_t at)
{
	struct s53_reader reader = s53_reader_of(octets, len);
	struct s53_reader skipper;
	struct s53_name name;
	ldns_rdf *theirs = NULL;
	size_t theirs_at = at;
	bool read;

	reader.at = at;
	skipper = reader;
	read = s53_name_read(&reader, &name);
	MUST(s53_name_skip(&skipper) == read && skipper.bad == reader.bad);
	if (ldns_wire2dname(&theirs, octets, len, &theirs_at) != LDNS_STATUS_OK)
		theirs = NULL;
	if (!read) {
		MUST(theirs == NULL || has_pointer(octets, len, at));
		ldns_rdf_deep_free(theirs);
		return;
	}
	MUST(skipper.at == reader.at && theirs != NULL && theirs_at == reader.at);
	MUST(oracle_name_is(theirs, &name));
	print_and_parse_back(&name);
	parse_what_ldns_prints(theirs, &name);
	take_apart(&name, theirs);
	ldns_rdf_deep_free(theirs);
}

static void
from_text(const uint8_t *octets, size_t len)
{
	char *text = malloc(len + 1);
	struct s53_name name;
	ldns_rdf *theirs;

	MUST(text != NULL);
	memcpy(text, octets, len);
	text[len] = '\0';
	if (s53_name_parse(text, &name) == S53_OK) {
		print_and_parse_back(&name);
		theirs = ldns_dname_new_frm_str(text);
		MUST(theirs != NULL && oracle_name_is(theirs, &name));
		ldns_rdf_deep_free(theirs);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	if (len == 0)
		return 0;
	from_wire(octets, len, octets[0] % len);
	from_text(octets + 1, len - 1);
	return 0;
}
