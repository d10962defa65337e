/* SPDX-License-Identifier: ISC
 *
 * record.c - make a record from an entry of a zone file.
 *
 * Owner, TTL and class are read here, because they carry over from one entry to the next; ldns
 * reads type and rdata, which is most of the work. Its rdata must then pass s53_message_check(), as
 * a message from a server must: records of zone files are checked as strictly as responses.
 */
#include "loading.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <ldns/ldns.h>

#include <split53/message.h>

/* TTL and class, in any order, each may be missing (RFC 1035 s5.1); *rest is then at the type. */
static bool
read_ttl_class(
    struct loading *load, const struct source *source, char **rest, uint32_t *ttl, bool *has_ttl)
{
	bool has_class = false, large = false;

	*has_ttl = false;
	for (;;) {
		char word[32];
		size_t len = strcspn(*rest, " ");

		if (len >= sizeof(word))
			return true; /* whatever it is, ldns will report it */
		memcpy(word, *rest, len);
		word[len] = '\0';
		if (!has_class && (has_class = strcasecmp(word, "IN") == 0)) {
		} else if (!has_class &&
		    (strcasecmp(word, "CH") == 0 || strcasecmp(word, "HS") == 0)) {
			loading_say(
			    load, source, S53_DIAG_ERROR, "class %s: only IN is served", word);
			return false;
		} else if (!*has_ttl && field_ttl(word, ttl, &large)) {
			*has_ttl = true;
			if (large)
				loading_say(load, source, S53_DIAG_WARNING,
				    "TTL is over %u, 0 is used", S53_TTL_MAX);
		} else {
			return true;
		}
		*rest += len;
		*rest += strspn(*rest, " ");
	}
}

/* The rdata of `rr` in one piece; false: it is longer than any message. */
static bool
rdata_join(const ldns_rr *rr, struct s53_writer *out)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		s53_write(
		    out, ldns_rdf_data(ldns_rr_rdf(rr, i)), ldns_rdf_size(ldns_rr_rdf(rr, i)));
	return !out->full;
}

/* Only types of data: RFC 6895 s3.1 reserves 128 to 255 for queries and meta records. */
static bool
is_data_type(unsigned type)
{
	return type != 0 && type != S53_TYPE_OPT && (type < 128 || type > 255);
}

/*
 * Does a message with this record pass the check? Afterwards the rdata is in load->message, at its
 * end.
 */
static bool
passes_check(struct loading *load, const struct source *source, const ldns_rr *rr, size_t *rdata_at)
{
	struct s53_writer out = s53_writer_of(load->message, S53_MESSAGE_MAX);
	struct s53_edns edns;
	uint8_t *length;
	size_t opt_at;

	memset(s53_write_reserve(&out, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_count(load->message, S53_ANSWER, 1);
	s53_write(&out, source->owner.octets, source->owner.len);
	s53_write_u16(&out, (uint16_t)ldns_rr_get_type(rr));
	s53_write_u16(&out, S53_CLASS_IN);
	s53_write_u32(&out, 0);
	length = s53_write_reserve(&out, 2);
	*rdata_at = out.at;
	if (!rdata_join(rr, &out))
		return false;
	s53_u16_put(length, (uint16_t)(out.at - *rdata_at));
	if (!s53_message_check(load->message, out.at, &edns, &opt_at))
		return false;
	return true;
}

/* Add `rr`, as ldns has read it, to the zone. */
static enum s53_status
keep_record(struct loading *load, const struct source *source, const ldns_rr *rr, uint32_t ttl)
{
	struct loose record = {
		.owner = &source->owner, .type = (uint16_t)ldns_rr_get_type(rr), .ttl = ttl
	};
	const char *problem = NULL, *warning = NULL;
	char text[S53_NAME_TEXT];
	enum s53_status status;
	size_t rdata_at = 0;

	if (!is_data_type(record.type) || !passes_check(load, source, rr, &rdata_at)) {
		loading_say(load, source, S53_DIAG_ERROR, "%s",
		    is_data_type(record.type) ? "data that does not fit into a DNS message"
					      : "this type cannot be in a zone");
		return S53_OK;
	}
	record.rdata = load->message + rdata_at;
	record.len = s53_u16_get(record.rdata - 2);
	status = zone_add(load->zone, &record, &problem, &warning);
	if (warning != NULL)
		loading_say(load, source, S53_DIAG_WARNING, "%s: %s",
		    s53_name_print(&source->owner, text), warning);
	if (status == S53_E_SYNTAX)
		loading_say(load, source, S53_DIAG_ERROR, "%s: %s",
		    s53_name_print(&source->owner, text), problem);
	return status == S53_E_NOMEM ? S53_E_NOMEM : S53_OK; /* duplicate records are accepted */
}

/*
 * The TTL of a record without one: $TTL, else the last one written (RFC 1035 s5.1), else, for the
 * SOA, its MINIMUM as in BIND. false: there is none.
 */
static bool
ttl_default(struct loading *load, const struct source *source, const ldns_rr *rr, uint32_t *ttl)
{
	if (load->has_ttl) {
		*ttl = load->ttl;
		return true;
	}
	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr) != 7)
		return false;
	*ttl = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
	loading_say(load, source, S53_DIAG_WARNING, "no TTL: the SOA's MINIMUM is used");
	load->ttl = *ttl;
	load->has_ttl = true;
	return true;
}

/*
 * Have ldns read type and rdata at `rest`; before it there is space for the fields that ldns
 * expects first. *rr stays NULL when they are malformed, which is reported. S53_E_NOMEM.
 */
static enum s53_status
parse_rdata(struct loading *load, const struct source *source, char *rest, ldns_rr **rr)
{
	static const char prefix[] = ". 0 IN ";
	char *line = rest - (sizeof(prefix) - 1);
	int type_len = (int)strcspn(rest, " ");
	ldns_status said = LDNS_STATUS_MEM_ERR;
	ldns_rdf *origin =
	    ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, source->origin.len, source->origin.octets);

	memcpy(line, prefix, sizeof(prefix) - 1);
	if (origin != NULL)
		said = ldns_rr_new_frm_str(rr, line, 0, origin, NULL);
	ldns_rdf_deep_free(origin);
	if (said == LDNS_STATUS_OK || said == LDNS_STATUS_MEM_ERR)
		return said == LDNS_STATUS_OK ? S53_OK : S53_E_NOMEM;
	*rr = NULL;
	loading_say(load, source, S53_DIAG_ERROR, "%.*s record: %s", type_len, rest,
	    ldns_get_errorstr_by_id(said));
	return S53_OK;
}

/* The largest number that fits a field of that many bytes; UINT64_MAX: it is not a number. */
static uint64_t
field_limit(size_t size)
{
	switch (size) {
	case 1:
		return UINT8_MAX;
	case 2:
		return UINT16_MAX;
	case 4:
		return UINT32_MAX;
	default:
		return UINT64_MAX;
	}
}

/* Was `field` read from `word` completely, or is it a number that ldns has cut? */
static bool
number_fits(const char *word, const ldns_rdf *field)
{
	ldns_rdf_type kind = ldns_rdf_get_type(field);
	bool period = kind == LDNS_RDF_TYPE_PERIOD;
	uint64_t number;

	if (kind == LDNS_RDF_TYPE_TIME) /* 20300101000000: a date in four bytes */
		return true;
	if (field_number(word, period, &number))
		return number <= field_limit(ldns_rdf_size(field));
	return !period && kind != LDNS_RDF_TYPE_INT8 && kind != LDNS_RDF_TYPE_INT16 &&
	    kind != LDNS_RDF_TYPE_INT32;
}

/*
 * ldns 1.8 cuts numbers to the size of their field: port 70000 would become 4464. The first words
 * of the data are its first fields, so these are read once more. `rest` is at the type and is used
 * up.
 */
static bool
numbers_fit(struct loading *load, const struct source *source, const ldns_rr *rr, char *rest)
{
	const char *word;

	(void)entry_word(&rest, false); /* the type */
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *field = ldns_rr_rdf(rr, i);

		if ((word = entry_word(&rest, false)) == NULL || strcmp(word, "\\#") == 0)
			break; /* RFC 3597 s5 */
		if (!number_fits(word, field)) {
			loading_say(load, source, S53_DIAG_ERROR,
			    "'%s' is not a number up to %" PRIu64, word,
			    field_limit(ldns_rdf_size(field)));
			return false;
		}
	}
	return true;
}

/* Does ldns know the type at `rest`? If not, it would report the data as malformed. */
static bool
is_type(const char *rest)
{
	char word[32];
	size_t len = strcspn(rest, " ");

	if (len >= sizeof(word))
		return false;
	memcpy(word, rest, len);
	word[len] = '\0';
	return ldns_get_rr_type_by_name(word) != 0;
}

/* The owner, or the last one when the line begins with a blank. *skip: not of this zone. */
static bool
read_owner(struct loading *load, struct source *source, char **rest, bool *skip)
{
	char text[S53_NAME_TEXT];
	const char *word;

	*skip = false;
	if (**rest != ' ') {
		word = entry_word(rest, true);
		if (!field_name(word, &source->origin, &source->owner)) {
			source->owner.len = 0;
			loading_say(
			    load, source, S53_DIAG_ERROR, "'%s' is not a domain name", word);
			return false;
		}
	} else if (source->owner.len == 0) {
		loading_say(load, source, S53_DIAG_ERROR,
		    "no owner name: the line begins with a blank, but no record precedes it");
		return false;
	}
	*rest += strspn(*rest, " ");
	*skip = !s53_name_is_at_or_below(&source->owner, &load->zone->apex);
	if (*skip)
		loading_say(load, source, S53_DIAG_WARNING, "'%s' is out of zone: ignored",
		    s53_name_print(&source->owner, text));
	return true;
}

enum s53_status
loading_record(struct loading *load, struct source *source)
{
	enum s53_status status = S53_OK;
	char *rest = source->entry.text;
	uint32_t ttl = 0;
	bool skip, has_ttl;
	ldns_rr *rr = NULL;

	if (!read_owner(load, source, &rest, &skip) || skip ||
	    !read_ttl_class(load, source, &rest, &ttl, &has_ttl))
		return S53_OK;
	if (has_ttl && !load->has_default_ttl) {
		load->ttl = ttl;
		load->has_ttl = true;
	}
	if (*rest == '\0') {
		loading_say(load, source, S53_DIAG_ERROR, "a record without type");
		return S53_OK;
	}
	if (!is_type(rest)) {
		loading_say(load, source, S53_DIAG_ERROR, "unknown type '%.*s'",
		    (int)strcspn(rest, " "), rest);
		return S53_OK;
	}
	if ((status = parse_rdata(load, source, rest, &rr)) != S53_OK || rr == NULL)
		return status;
	if (!numbers_fit(load, source, rr, rest))
		goto done;
	if (!has_ttl && !ttl_default(load, source, rr, &ttl))
		loading_say(
		    load, source, S53_DIAG_ERROR, "no TTL: begin the file with '$TTL 3600'");
	else
		status = keep_record(load, source, rr, ttl);
done:
	ldns_rr_free(rr);
	return status;
}
