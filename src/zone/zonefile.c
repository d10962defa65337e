/* SPDX-License-Identifier: ISC
 *
 * zonefile.c - see zonefile.h.
 *
 * Entries are cut by entry.c; directives, owners, TTLs and classes are read here, because they
 * carry over from one entry to the next and between files; type and rdata, the large part, are
 * ldns's. Its rdata then passes the same gate as a foreign message, s53_message_check(): what
 * is served later was checked as strictly as what is believed.
 */
#include "zonefile.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <ldns/ldns.h>

#include <split53/message.h>

#include "entry.h"

#define INCLUDE_DEPTH 10 /* files within files */
#define ERRORS_MAX 30 /* of one zone; a file that is no zone file at all has many */
#define TTL_MAX 0x7fffffffu /* RFC 2181 s8 */
#define FILE_MAX (1024L * 1024 * 1024)

/* What goes on from entry to entry, and into included files. */
struct loading {
	struct s53_zone *zone;
	struct s53_diags *diags;
	bool may_include;
	unsigned errors;
	uint32_t ttl; /* $TTL, or the last TTL written */
	bool has_ttl, has_default_ttl;
	uint8_t *message; /* S53_MESSAGE_MAX octets, in which records pass the gate */
};

/* One file of it. */
struct source {
	const char *name;
	struct entries entries;
	struct entry entry;
	unsigned depth;
	struct s53_name origin;
	struct s53_name owner; /* of the last record; len 0: none yet */
};

static enum s53_status read_source(
    struct loading *load, struct source *source, const char *text, size_t len);

static void S53_PRINTF(4, 5) say(struct loading *load, const struct source *source,
    enum s53_diag_kind kind, const char *format, ...)
{
	struct s53_place place = { source->name, source->entry.line, 0 };
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (kind == S53_DIAG_ERROR)
		load->errors++;
	s53_diag_add(load->diags, kind, place, source->entry.source, "%s",
	    text == NULL ? "no memory for a message" : text);
	free(text);
}

/* "@", "www" and "www.example." under the origin. */
static bool
name_read(const char *word, const struct s53_name *origin, struct s53_name *out)
{
	size_t len = strlen(word), slashes = 0;
	struct s53_name name;

	if (strcmp(word, "@") == 0) {
		*out = *origin;
		return true;
	}
	if (s53_name_parse(word, &name) != S53_OK)
		return false;
	while (slashes + 1 < len && word[len - 2 - slashes] == '\\')
		slashes++;
	if (word[len - 1] == '.' && slashes % 2 == 0) {
		*out = name;
		return true;
	}
	if (name.len - 1 + origin->len > S53_NAME_MAX)
		return false;
	memcpy(name.octets + name.len - 1, origin->octets, origin->len);
	name.len = (uint8_t)(name.len - 1 + origin->len);
	*out = name;
	return true;
}

/*
 * 3600, 1h, 1W2d3h4m5s. false: no TTL. Over 2^31-1 it is said in *large, and 0 counts (RFC 2181
 * s8, as BIND does).
 */
static bool
ttl_read(const char *word, uint32_t *out, bool *large)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	uint64_t sum = 0;

	do {
		uint64_t number = 0, scale = 0;

		if (*word < '0' || *word > '9')
			return false;
		for (; *word >= '0' && *word <= '9'; word++)
			if (number <= TTL_MAX)
				number = 10 * number + (uint64_t)(*word - '0');
		if (*word == '\0')
			scale = 1;
		for (size_t i = 0; i < sizeof(units) / sizeof(*units) && scale == 0; i++)
			if ((*word | 0x20) == units[i].unit)
				scale = units[i].seconds;
		if (scale == 0)
			return false;
		if (sum <= TTL_MAX)
			sum += number * scale;
		word += *word != '\0';
	} while (*word != '\0');
	*large = sum > TTL_MAX;
	*out = *large ? 0 : (uint32_t)sum;
	return true;
}

static bool
directive_origin(struct loading *load, struct source *source, char *rest)
{
	const char *word = entry_word(&rest, false);

	if (word == NULL || !name_read(word, &source->origin, &source->origin)) {
		say(load, source, S53_DIAG_ERROR, "$ORIGIN needs a domain name");
		return false;
	}
	return true;
}

static bool
directive_ttl(struct loading *load, struct source *source, char *rest)
{
	const char *word = entry_word(&rest, false);
	bool large = false;

	if (word == NULL || !ttl_read(word, &load->ttl, &large)) {
		say(load, source, S53_DIAG_ERROR, "$TTL needs a time, such as 3600 or 1h");
		return false;
	}
	if (large)
		say(load, source, S53_DIAG_WARNING, "$TTL is over %u, 0 is used", TTL_MAX);
	load->has_ttl = load->has_default_ttl = true;
	return true;
}

enum s53_status
zonefile_slurp(const char *path, char **text, size_t *len)
{
	enum s53_status status = S53_E_IO;
	FILE *file = fopen(path, "re");
	char *octets = NULL;
	struct stat about;
	size_t got;

	if (file == NULL)
		return S53_E_IO;
	if (fstat(fileno(file), &about) != 0)
		goto done;
	if (!S_ISREG(about.st_mode) || about.st_size > FILE_MAX) {
		errno = S_ISDIR(about.st_mode) ? EISDIR : S_ISREG(about.st_mode) ? EFBIG : EINVAL;
		goto done;
	}
	status = S53_E_NOMEM;
	if ((octets = malloc((size_t)about.st_size + 1)) == NULL)
		goto done;
	got = fread(octets, 1, (size_t)about.st_size, file);
	status = ferror(file) ? S53_E_IO : S53_OK;
	if (status != S53_OK)
		goto done;
	*text = octets;
	*len = got;
	octets = NULL;
done:
	free(octets);
	fclose(file);
	return status;
}

/*
 * BIND takes a relative path from its working directory. Where that finds nothing, the folder
 * of the including file is tried.
 */
static enum s53_status
include_slurp(const struct source *source, const char *path, char **text, size_t *len)
{
	enum s53_status status = zonefile_slurp(path, text, len);
	char *folder, *joined = NULL;
	int saved = errno;

	if (status != S53_E_IO || saved != ENOENT || path[0] == '/')
		return status;
	if ((folder = strdup(source->name)) == NULL)
		return S53_E_NOMEM;
	if (asprintf(&joined, "%s/%s", dirname(folder), path) < 0)
		joined = NULL;
	free(folder);
	if (joined == NULL)
		return S53_E_NOMEM;
	status = zonefile_slurp(joined, text, len);
	saved = errno;
	free(joined);
	errno = saved;
	return status;
}

/*
 * RFC 1035 s5.1: the origin of the including file comes back after the include; its last owner
 * does too.
 */
static enum s53_status
directive_include(struct loading *load, struct source *source, char *rest)
{
	const char *path = entry_word(&rest, true), *origin = entry_word(&rest, false);
	struct source inner = { .name = path,
		.depth = source->depth + 1,
		.origin = source->origin,
		.owner = source->owner };
	enum s53_status status;
	char *text = NULL;
	size_t len = 0;

	if (path == NULL) {
		say(load, source, S53_DIAG_ERROR, "$INCLUDE needs a file");
		return S53_OK;
	}
	if (origin != NULL && !name_read(origin, &source->origin, &inner.origin)) {
		say(load, source, S53_DIAG_ERROR, "'%s' is no domain name", origin);
		return S53_OK;
	}
	if (!load->may_include || inner.depth > INCLUDE_DEPTH) {
		say(load, source, S53_DIAG_ERROR,
		    load->may_include ? "more than %d files include one another"
				      : "$INCLUDE is not allowed here (at most %d deep in files)",
		    INCLUDE_DEPTH);
		return S53_OK;
	}
	status = include_slurp(source, path, &text, &len);
	if (status == S53_E_IO) {
		say(load, source, S53_DIAG_ERROR, "cannot read '%s': %s", path, strerror(errno));
		return S53_OK;
	}
	if (status == S53_OK)
		status = read_source(load, &inner, text, len);
	free(text);
	return status;
}

/* *ours: it was a directive. */
static enum s53_status
read_directive(struct loading *load, struct source *source, bool *ours)
{
	char *rest = source->entry.text, *word;

	*ours = rest[0] == '$';
	if (!*ours)
		return S53_OK;
	word = entry_word(&rest, false);
	if (strcasecmp(word, "$ORIGIN") == 0)
		directive_origin(load, source, rest);
	else if (strcasecmp(word, "$TTL") == 0)
		directive_ttl(load, source, rest);
	else if (strcasecmp(word, "$INCLUDE") == 0)
		return directive_include(load, source, rest);
	else if (strcasecmp(word, "$GENERATE") == 0)
		say(load, source, S53_DIAG_ERROR,
		    "$GENERATE is not supported: write its records out, e.g. with "
		    "'named-checkzone -D'");
	else
		say(load, source, S53_DIAG_ERROR, "unknown directive '%s'", word);
	return S53_OK;
}

/* TTL and class, either first or missing (RFC 1035 s5.1); *rest then stands at the type. */
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
			return true; /* whatever it is, ldns will name it */
		memcpy(word, *rest, len);
		word[len] = '\0';
		if (!has_class && (has_class = strcasecmp(word, "IN") == 0)) {
		} else if (!has_class &&
		    (strcasecmp(word, "CH") == 0 || strcasecmp(word, "HS") == 0)) {
			say(load, source, S53_DIAG_ERROR, "class %s: only IN is served", word);
			return false;
		} else if (!*has_ttl && ttl_read(word, ttl, &large)) {
			*has_ttl = true;
			if (large)
				say(load, source, S53_DIAG_WARNING, "TTL is over %u, 0 is used",
				    TTL_MAX);
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

/* Data types only: RFC 6895 s3.1 keeps 128 to 255 for questions and meta records. */
static bool
is_data_type(unsigned type)
{
	return type != 0 && type != S53_TYPE_OPT && (type < 128 || type > 255);
}

/*
 * Would we believe a message with this record in it? The rdata stands in load->message
 * afterwards, at its end.
 */
static bool
passes_gate(struct loading *load, const struct source *source, const ldns_rr *rr, size_t *rdata_at)
{
	struct s53_writer out = s53_writer_of(load->message, S53_MESSAGE_MAX);
	struct s53_edns edns;
	uint8_t *length;
	size_t opt_at;

	memset(s53_write_room(&out, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_count(load->message, S53_ANSWER, 1);
	s53_write(&out, source->owner.octets, source->owner.len);
	s53_write_u16(&out, (uint16_t)ldns_rr_get_type(rr));
	s53_write_u16(&out, S53_CLASS_IN);
	s53_write_u32(&out, 0);
	length = s53_write_room(&out, 2);
	*rdata_at = out.at;
	if (!rdata_join(rr, &out))
		return false;
	s53_u16_put(length, (uint16_t)(out.at - *rdata_at));
	if (!s53_message_check(load->message, out.at, &edns, &opt_at))
		return false;
	return true;
}

/* `rr` came from ldns: into the zone with it. */
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

	if (!is_data_type(record.type) || !passes_gate(load, source, rr, &rdata_at)) {
		say(load, source, S53_DIAG_ERROR, "%s",
		    is_data_type(record.type) ? "data that no message could carry"
					      : "not a type of data");
		return S53_OK;
	}
	record.rdata = load->message + rdata_at;
	record.len = s53_u16_get(record.rdata - 2);
	status = zone_add(load->zone, &record, &problem, &warning);
	if (warning != NULL)
		say(load, source, S53_DIAG_WARNING, "%s: %s", s53_name_print(&source->owner, text),
		    warning);
	if (status == S53_E_SYNTAX)
		say(load, source, S53_DIAG_ERROR, "%s: %s", s53_name_print(&source->owner, text),
		    problem);
	return status == S53_E_NOMEM ? S53_E_NOMEM : S53_OK; /* a record said twice is fine */
}

/*
 * The TTL of a record that bears none: $TTL, else the last one written (RFC 1035 s5.1), else,
 * for the SOA, its MINIMUM as BIND does. false: none.
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
	say(load, source, S53_DIAG_WARNING, "no TTL: the SOA's MINIMUM is used");
	load->ttl = *ttl;
	load->has_ttl = true;
	return true;
}

/* ldns reads type and rdata at `rest`, before which stands room for what it wants first. */
static ldns_status
parse_rdata(const struct source *source, char *rest, ldns_rr **rr)
{
	static const char prefix[] = ". 0 IN ";
	char *line = rest - (sizeof(prefix) - 1);
	ldns_rdf *origin;
	ldns_status said;

	memcpy(line, prefix, sizeof(prefix) - 1);
	origin =
	    ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, source->origin.len, source->origin.octets);
	if (origin == NULL)
		return LDNS_STATUS_MEM_ERR;
	said = ldns_rr_new_frm_str(rr, line, 0, origin, NULL);
	ldns_rdf_deep_free(origin);
	return said;
}

/* The owner, or the last one when the line begins with a blank. *skip: not of this zone. */
static bool
read_owner(struct loading *load, struct source *source, char **rest, bool *skip)
{
	char text[S53_NAME_TEXT];
	const char *word;

	*skip = false;
	if (**rest != ' ') {
		word = entry_word(rest, false);
		if (!name_read(word, &source->origin, &source->owner)) {
			source->owner.len = 0;
			say(load, source, S53_DIAG_ERROR, "'%s' is no domain name", word);
			return false;
		}
	} else if (source->owner.len == 0) {
		say(load, source, S53_DIAG_ERROR,
		    "no owner: the line begins with a blank, and no record stands before it");
		return false;
	}
	*rest += strspn(*rest, " ");
	*skip = !s53_name_is_at_or_below(&source->owner, &load->zone->apex);
	if (*skip)
		say(load, source, S53_DIAG_WARNING, "'%s' is out of zone: ignored",
		    s53_name_print(&source->owner, text));
	return true;
}

static enum s53_status
read_record(struct loading *load, struct source *source)
{
	enum s53_status status = S53_OK;
	char *rest = source->entry.text;
	ldns_status said;
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
		say(load, source, S53_DIAG_ERROR, "a record without type");
		return S53_OK;
	}
	said = parse_rdata(source, rest, &rr);
	if (said == LDNS_STATUS_MEM_ERR)
		return S53_E_NOMEM;
	if (said != LDNS_STATUS_OK || rr == NULL) {
		say(load, source, S53_DIAG_ERROR, "%s", ldns_get_errorstr_by_id(said));
		return S53_OK;
	}
	if (!has_ttl && !ttl_default(load, source, rr, &ttl))
		say(load, source, S53_DIAG_ERROR, "no TTL: begin the file with '$TTL 3600'");
	else
		status = keep_record(load, source, rr, ttl);
	ldns_rr_free(rr);
	return status;
}

static enum s53_status
read_source(struct loading *load, struct source *source, const char *text, size_t len)
{
	enum s53_status status = entries_init(&source->entries, text, len);
	bool directive;

	if (status != S53_OK)
		return status;
	while (status == S53_OK && load->errors < ERRORS_MAX &&
	    entries_next(&source->entries, &source->entry)) {
		if (source->entry.problem != NULL) {
			say(load, source, S53_DIAG_ERROR, "%s", source->entry.problem);
			continue;
		}
		status = read_directive(load, source, &directive);
		if (status == S53_OK && !directive)
			status = read_record(load, source);
	}
	entries_fini(&source->entries);
	return status;
}

enum s53_status
zonefile_read(struct s53_zone *zone, const char *name, const char *text, size_t len,
    bool may_include, struct s53_diags *diags)
{
	struct loading load = { .zone = zone, .diags = diags, .may_include = may_include };
	struct source source = { .name = name, .origin = zone->apex };
	enum s53_status status;

	if ((load.message = malloc(S53_MESSAGE_MAX)) == NULL)
		return S53_E_NOMEM;
	status = read_source(&load, &source, text, len);
	if (load.errors >= ERRORS_MAX)
		say(&load, &source, S53_DIAG_ERROR, "too many errors: the rest is not read");
	free(load.message);
	return status;
}
