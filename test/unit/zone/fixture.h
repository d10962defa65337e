/* SPDX-License-Identifier: ISC
 *
 * fixture.h - a zone made from text, and its answers as text that ldns writes.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include <split53/zone.h>

#define FIXTURE_TEXT 16384
#define FIXTURE_RECORDS 512

static inline struct s53_name
fixture_name(const char *text)
{
	struct s53_name name;

	assert_int_equal(s53_name_parse(text, &name), S53_OK);
	return name;
}

/* A zone that must load without an error. */
static inline struct s53_zone *
fixture_zone(const char *apex, const char *text)
{
	struct s53_name name = fixture_name(apex);
	struct s53_zone *zone = NULL;
	struct s53_diags diags;

	s53_diags_init(&diags);
	if (s53_zone_parse("test.zone", text, &name, &diags, &zone) != S53_OK)
		s53_diags_print(&diags, stderr);
	s53_diags_fini(&diags);
	assert_non_null(zone);
	return zone;
}

/* The messages about a text, one a line as "LINE: kind: text". */
static inline const char *
fixture_diags(const struct s53_diags *diags)
{
	static const char *const kinds[] = { "error", "warning", "notice" };
	static char out[FIXTURE_TEXT];
	char more[S53_DIAG_MORE];
	size_t at = 0;

	out[0] = '\0';
	for (const struct s53_diag *one = diags->first; one != NULL; one = one->next)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u: %s: %s%s",
		    at > 0 ? "\n" : "", one->place.line, kinds[one->kind], one->text,
		    s53_diag_more(one, more));
	return out;
}

static inline const char *
fixture_problems(const char *apex, const char *text)
{
	struct s53_name name = fixture_name(apex);
	struct s53_zone *zone = NULL;
	struct s53_diags diags;
	enum s53_status status;
	const char *out;

	s53_diags_init(&diags);
	status = s53_zone_parse("test.zone", text, &name, &diags, &zone);
	assert_int_equal(status, diags.error_count > 0 ? S53_E_SYNTAX : S53_OK);
	out = fixture_diags(&diags);
	s53_diags_fini(&diags);
	s53_zone_drop(zone);
	return out;
}

static inline int
fixture_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "\nan NAME TTL TYPE DATA" for each record of a section, sorted, without the class. */
static inline size_t
fixture_section(char *out, size_t room, const char *tag, const ldns_rr_list *list)
{
	char *lines[FIXTURE_RECORDS];
	size_t count = ldns_rr_list_rr_count(list), at = 0;

	assert_true(count <= FIXTURE_RECORDS);
	for (size_t i = 0; i < count; i++) {
		char *line = ldns_rr2str(ldns_rr_list_rr(list, i)), *class;

		assert_non_null(line);
		for (char *c = line; *c != '\0'; c++)
			*c = *c == '\t' ? ' ' : *c == '\n' ? '\0' : *c;
		if ((class = strstr(line, " IN ")) != NULL)
			memmove(class, class + 3, strlen(class + 3) + 1);
		lines[i] = line;
	}
	qsort(lines, count, sizeof(*lines), fixture_order);
	for (size_t i = 0; i < count; i++) {
		at += (size_t)snprintf(out + at, room - at, "\n%s %s", tag, lines[i]);
		assert_true(at < room);
		free(lines[i]);
	}
	return at;
}

struct fixture_ask {
	size_t cap; /* 0: as large as a message may be */
	unsigned options; /* S53_ZONE_ */
};

/*
 * The answer as text: "RCODE [aa] [tc] [referral] [-> TARGET]", then a line a record: an, ns,
 * ar, name, TTL, type, data.
 */
static inline const char *
fixture_answer(
    const struct s53_zone *zone, const char *name, const char *type, struct fixture_ask ask)
{
	static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
		"NOTIMP", "REFUSED", "YXDOMAIN" };
	static uint8_t octets[S53_MESSAGE_MAX];
	static char out[FIXTURE_TEXT];
	size_t cap = ask.cap == 0 ? sizeof(octets) : ask.cap, at, len;
	struct s53_question question = { .name = fixture_name(name), .qclass = S53_CLASS_IN };
	struct s53_zone_answer answer;
	struct s53_reply reply;
	char target[S53_NAME_TEXT];
	ldns_pkt *packet = NULL;

	question.lower = question.name;
	s53_name_lower(&question.lower);
	question.qtype = (uint16_t)ldns_get_rr_type_by_name(type);
	s53_reply_begin(&reply, octets, cap, 1, S53_QR, &question);
	s53_zone_answer(zone, &question, ask.options, &reply, &answer);
	len = s53_reply_end(&reply, NULL);
	assert_true(len <= cap);
	assert_int_equal(ldns_wire2pkt(&packet, octets, len), LDNS_STATUS_OK);
	at = (size_t)snprintf(out, sizeof(out), "%s%s%s%s%s%s", rcodes[answer.rcode],
	    answer.authoritative ? " aa" : "", ldns_pkt_tc(packet) ? " tc" : "",
	    answer.referral ? " referral" : "", answer.cname ? " -> " : "",
	    answer.cname ? s53_name_print(&answer.target, target) : "");
	at += fixture_section(out + at, sizeof(out) - at, "an", ldns_pkt_answer(packet));
	at += fixture_section(out + at, sizeof(out) - at, "ns", ldns_pkt_authority(packet));
	fixture_section(out + at, sizeof(out) - at, "ar", ldns_pkt_additional(packet));
	ldns_pkt_free(packet);
	return out;
}

#define fixture_says(zone, name, type, text) \
	assert_string_equal(fixture_answer(zone, name, type, (struct fixture_ask){ 0 }), text)
