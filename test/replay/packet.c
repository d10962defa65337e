/* SPDX-License-Identifier: ISC
 *
 * packet.c - messages from and to text, by way of ldns: none of our own code.
 */
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"

static const char *const section_words[] = { "question", "answer", "authority", "additional" };
static const ldns_pkt_section sections[] = { LDNS_SECTION_QUESTION, LDNS_SECTION_ANSWER,
	LDNS_SECTION_AUTHORITY, LDNS_SECTION_ADDITIONAL };

static ldns_rr_type
type_of(const struct script *script, const char *word)
{
	ldns_rr_type type = ldns_get_rr_type_by_name(word);

	if (type == 0 && strcmp(word, "TYPE0") != 0)
		fail(script, "'%s' is no type", word);
	return type;
}

static void
take_wire(const struct script *script, ldns_pkt *pkt, struct packet *out)
{
	uint8_t *wire = NULL;
	size_t len = 0;

	if (ldns_pkt2wire(&wire, pkt, &len) != LDNS_STATUS_OK || len > sizeof(out->octets))
		fail(script, "ldns cannot write the message");
	memcpy(out->octets, wire, len);
	out->len = len;
	free(wire);
	ldns_pkt_free(pkt);
}

static unsigned
number_after(char *const *words, unsigned count, const char *word, unsigned otherwise)
{
	const char *value = word_after(words, count, word);

	return value == NULL ? otherwise : (unsigned)strtoul(value, NULL, 10);
}

void
packet_of_ask(
    const struct script *script, char **words, unsigned count, uint16_t id, struct packet *out)
{
	ldns_pkt *pkt = ldns_pkt_new();
	ldns_rr *question = ldns_rr_new();
	ldns_rdf *name;

	if (count < 4 || ldns_str2rdf_dname(&name, words[2]) != LDNS_STATUS_OK)
		fail(script, "ask N NAME TYPE");
	ldns_rr_set_owner(question, name);
	ldns_rr_set_type(question, type_of(script, words[3]));
	ldns_rr_set_class(
	    question, has_word(words, count, "chaos") ? LDNS_RR_CLASS_CH : LDNS_RR_CLASS_IN);
	ldns_rr_set_question(question, true);
	ldns_pkt_push_rr(pkt, LDNS_SECTION_QUESTION, question);
	ldns_pkt_set_id(pkt, id);
	ldns_pkt_set_rd(pkt, !has_word(words, count, "norec"));
	ldns_pkt_set_cd(pkt, has_word(words, count, "cd"));
	ldns_pkt_set_ad(pkt, has_word(words, count, "ad"));
	if (!has_word(words, count, "noedns")) {
		ldns_pkt_set_edns_udp_size(pkt, (uint16_t)number_after(words, count, "edns", 1232));
		ldns_pkt_set_edns_do(pkt, has_word(words, count, "do"));
	}
	take_wire(script, pkt, out);
}

/*
 * The record lines below an action: "answer OWNER TTL CLASS TYPE RDATA", indented. NULL: the last
 * has been read.
 */
static ldns_rr *
next_record(struct script *script, unsigned *section)
{
	char word[16];
	const char *line;
	ldns_rr *rr = NULL;
	int offset = 0;

	if (script->at >= script->count || script->lines[script->at][0] != '\t')
		return NULL;
	line = script->lines[script->at++];
	if (sscanf(line, " %15s %n", word, &offset) != 1)
		fail(script, "a record line begins with its section");
	for (*section = 1; *section < 4; (*section)++) {
		if (strcmp(word, section_words[*section]) == 0)
			break;
	}
	if (*section == 4)
		fail(script, "'%s' is no section", word);
	if (ldns_rr_new_frm_str(&rr, line + offset, 0, NULL, NULL) != LDNS_STATUS_OK)
		fail(script, "bad record");
	return rr;
}

/* Swap the case of the first letter of the question. */
static void
spell_wrongly(struct packet *packet)
{
	for (size_t i = S53_HEADER_LEN + 1; i < packet->len; i++) {
		uint8_t lower = packet->octets[i] | 0x20;

		if (lower >= 'a' && lower <= 'z') {
			packet->octets[i] ^= 0x20;
			return;
		}
	}
}

/* Ways in which a reply is malformed; each is a word of the reply line. */
static void
spoil(char **words, unsigned count, struct packet *packet)
{
	if (has_word(words, count, "wrong-case"))
		spell_wrongly(packet);
	if (has_word(words, count, "wrong-name"))
		packet->octets[S53_HEADER_LEN + 1] ^= 1;
	if (has_word(words, count, "not-a-response"))
		packet->octets[2] &= 0x7f;
	if (has_word(words, count, "wrong-opcode"))
		packet->octets[2] |= 0x20;
	if (has_word(words, count, "cut"))
		packet->len--;
	if (has_word(words, count, "longer"))
		packet->octets[packet->len++] = 0;
	if (has_word(words, count, "half-question"))
		packet->len = S53_HEADER_LEN + 3;
	if (has_word(words, count, "no-question"))
		packet->len = S53_HEADER_LEN, memset(packet->octets + 4, 0, 8);
}

/* ede CODE [text WORDS], with '_' for blanks. */
static void
set_error(ldns_pkt *pkt, char **words, unsigned count)
{
	const char *code = word_after(words, count, "ede"),
		   *text = word_after(words, count, "text");
	uint8_t octets[512];
	struct s53_writer option = s53_writer_of(octets, sizeof(octets));
	size_t text_len = text == NULL ? 0 : strlen(text);

	if (code == NULL)
		return;
	s53_write_u16(&option, 15);
	s53_write_u16(&option, (uint16_t)(2 + text_len));
	s53_write_u16(&option, (uint16_t)strtoul(code, NULL, 10));
	for (size_t i = 0; i < text_len; i++)
		s53_write_u8(&option, text[i] == '_' ? ' ' : (uint8_t)text[i]);
	ldns_pkt_set_edns_data(
	    pkt, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_UNKNOWN, option.at, octets));
}

static void
set_reply_header(const struct script *script, ldns_pkt *pkt, char **words, unsigned count)
{
	ldns_lookup_table *rcode = count < 2 ? NULL : ldns_lookup_by_name(ldns_rcodes, words[1]);

	if (rcode == NULL)
		fail(script, "reply RCODE");
	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_rd(pkt, true);
	ldns_pkt_set_ra(pkt, !has_word(words, count, "nora"));
	ldns_pkt_set_aa(pkt, has_word(words, count, "aa"));
	ldns_pkt_set_tc(pkt, has_word(words, count, "tc"));
	ldns_pkt_set_ad(pkt, has_word(words, count, "ad"));
	ldns_pkt_set_rcode(pkt, (uint8_t)rcode->id);
	if (!has_word(words, count, "noopt"))
		ldns_pkt_set_edns_udp_size(pkt, 1232);
	if (has_word(words, count, "badvers"))
		ldns_pkt_set_edns_extended_rcode(pkt, 1);
	set_error(pkt, words, count);
}

void
packet_of_reply(struct script *script, char **words, unsigned count, const uint8_t *ask,
    size_t ask_len, struct packet *out)
{
	const char *type = word_after(words, count, "type");
	ldns_pkt *asked, *pkt = ldns_pkt_new();
	ldns_rr *rr;
	unsigned section;

	if (ldns_wire2pkt(&asked, ask, ask_len) != LDNS_STATUS_OK)
		fail(script, "ldns cannot read what we asked");
	rr = ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(asked), 0));
	ldns_rr_set_question(rr, true);
	ldns_pkt_free(asked);
	if (type != NULL)
		ldns_rr_set_type(rr, type_of(script, type));
	ldns_pkt_push_rr(pkt, LDNS_SECTION_QUESTION, rr);
	set_reply_header(script, pkt, words, count);
	while ((rr = next_record(script, &section)) != NULL)
		ldns_pkt_push_rr(pkt, sections[section], rr);
	take_wire(script, pkt, out);
	spoil(words, count, out);
}

static void
expect_flag(struct script *script, char **words, unsigned count, const char *word, bool is)
{
	if (has_word(words, count, word) != is)
		fail(script, "%s is %s", word, is ? "set" : "clear");
}

/* The code of the extended error `which`, or -1; its text, as `set_error` takes it. */
static int
ede_of(const ldns_pkt *pkt, unsigned which, char text[static 256])
{
	const ldns_rdf *edns = ldns_pkt_edns_data(pkt);
	struct s53_reader reader;

	text[0] = '\0';
	if (edns == NULL)
		return -1;
	reader = s53_reader_of(ldns_rdf_data(edns), ldns_rdf_size(edns));
	while (reader.at < reader.len && !reader.bad) {
		uint16_t code = s53_read_u16(&reader), len = s53_read_u16(&reader);
		const uint8_t *option = s53_read(&reader, len);

		if (code != 15 || option == NULL || len < 2 || len > 257 || which-- > 0)
			continue;
		for (unsigned i = 2; i < len; i++)
			text[i - 2] = option[i] == ' ' ? '_' : (char)option[i];
		text[len - 2] = '\0';
		return s53_u16_get(option);
	}
	return -1;
}

/*
 * ede CODE also CODE says TEXT: our own extended error and the upstream's, and a part of either
 * text.
 */
static void
expect_errors(struct script *script, char **words, unsigned count, const ldns_pkt *pkt)
{
	int ede = (int)number_after(words, count, "ede", UINT32_MAX);
	int also = (int)number_after(words, count, "also", UINT32_MAX);
	const char *says = word_after(words, count, "says");
	char text[256], more[256];

	if (ede != ede_of(pkt, 0, text))
		fail(script, "the extended error is %d", ede_of(pkt, 0, text));
	if (also != ede_of(pkt, 1, more))
		fail(script, "the second extended error is %d", ede_of(pkt, 1, more));
	if (says != NULL && strstr(text, says) == NULL && strstr(more, says) == NULL)
		fail(script, "the extended errors say '%s' and '%s'", text, more);
}

static void
expect_header(struct script *script, char **words, unsigned count, const ldns_pkt *pkt)
{
	int number = (int)(ldns_pkt_get_rcode(pkt) | ldns_pkt_edns_extended_rcode(pkt) * 16u);
	ldns_lookup_table *rcode = ldns_lookup_by_id(ldns_rcodes, number);
	const char *again = word_after(words, count, "again");
	const char *name = number == S53_RCODE_BADVERS ? "BADVERS" : "unknown";

	if (rcode != NULL)
		name = rcode->name;
	if (count < 3 || strcmp(name, words[2]) != 0)
		fail(script, "the rcode is %s", name);
	if (ldns_pkt_id(pkt) != strtoul(again == NULL ? words[1] : again, NULL, 10))
		fail(script, "the ID is %u", ldns_pkt_id(pkt));
	expect_flag(script, words, count, "aa", ldns_pkt_aa(pkt));
	expect_flag(script, words, count, "tc", ldns_pkt_tc(pkt));
	expect_flag(script, words, count, "ad", ldns_pkt_ad(pkt));
	expect_flag(script, words, count, "cd", ldns_pkt_cd(pkt));
	expect_flag(script, words, count, "nora", !ldns_pkt_ra(pkt));
	expect_flag(script, words, count, "noopt", ldns_pkt_edns_udp_size(pkt) == 0);
	expect_errors(script, words, count, pkt);
}

/* Whether the next record of the section is the one in the scenario. */
static void
expect_record(
    struct script *script, const ldns_pkt *pkt, unsigned section, size_t index, ldns_rr *want)
{
	ldns_rr_list *list = ldns_pkt_get_section_clone(pkt, sections[section]);
	ldns_rr *rr = index < ldns_rr_list_rr_count(list) ? ldns_rr_list_rr(list, index) : NULL;
	char *is = rr == NULL ? strdup("nothing") : ldns_rr2str(rr);
	char *should = ldns_rr2str(want);

	if (strcmp(is, should) != 0)
		fail(script, "there is\n%s", is);
	free(is);
	free(should);
	ldns_rr_free(want);
	ldns_rr_list_deep_free(list);
}

void
packet_expect(
    struct script *script, char **words, unsigned count, const uint8_t *octets, size_t len)
{
	const char *spelling = word_after(words, count, "name");
	const char *size = word_after(words, count, "at-most");
	size_t seen[4] = { 0 };
	unsigned section;
	ldns_pkt *pkt;
	ldns_rr *want;
	char *name;

	if (ldns_wire2pkt(&pkt, octets, len) != LDNS_STATUS_OK)
		fail(script, "ldns cannot read the answer");
	if (size != NULL && len > strtoul(size, NULL, 10))
		fail(script, "it has %zu octets", len);
	expect_header(script, words, count, pkt);
	if (spelling != NULL) {
		name = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(pkt), 0)));
		if (strcmp(name, spelling) != 0)
			fail(script, "the question is spelled %s", name);
		free(name);
	}
	while ((want = next_record(script, &section)) != NULL)
		expect_record(script, pkt, section, seen[section]++, want);
	for (section = 1; section < 4 && !has_word(words, count, "more"); section++) {
		if (ldns_pkt_section_count(pkt, sections[section]) != seen[section])
			fail(script, "%s has %u records", section_words[section],
			    ldns_pkt_section_count(pkt, sections[section]));
	}
	ldns_pkt_free(pkt);
}

void
packet_expect_ask(
    const struct script *script, char **words, unsigned count, const uint8_t *octets, size_t len)
{
	unsigned size = number_after(words, count, "edns", 1232);
	const char *spelling = word_after(words, count, "name");
	ldns_rdf *want = NULL;
	bool any_label = strncmp(words[2], "*.", 2) == 0;
	ldns_rdf *name;
	ldns_rr *question;
	ldns_pkt *pkt;

	if (ldns_wire2pkt(&pkt, octets, len) != LDNS_STATUS_OK ||
	    ldns_str2rdf_dname(&want, words[2] + (any_label ? 2 : 0)) != LDNS_STATUS_OK)
		fail(script, "ldns cannot read the question");
	question = ldns_rr_list_rr(ldns_pkt_question(pkt), 0);
	name = ldns_rr_owner(question);
	name = any_label ? ldns_dname_left_chop(name) : ldns_rdf_clone(name);
	if (name == NULL || ldns_dname_compare(name, want) != 0 ||
	    ldns_rr_get_type(question) != type_of(script, words[3])) {
		char *text = ldns_rr2str(question);

		fail(script, "asked for %s", text);
	}
	if (has_word(words, count, "noedns"))
		size = 0;
	if (ldns_pkt_edns_udp_size(pkt) != size)
		fail(script, "EDNS size is %u", ldns_pkt_edns_udp_size(pkt));
	if (!ldns_pkt_rd(pkt) || ldns_pkt_ad(pkt) == has_word(words, count, "noad") ||
	    ldns_pkt_edns_do(pkt) != has_word(words, count, "do") ||
	    ldns_pkt_cd(pkt) != has_word(words, count, "cd"))
		fail(script, "RD, AD, DO or CD are not as they should be");
	if (spelling != NULL) {
		char *spelled = ldns_rdf2str(ldns_rr_owner(question));

		if (strcmp(spelling, "random") == 0 ? strcmp(spelled, words[2]) == 0
						    : strcmp(spelled, spelling) != 0)
			fail(script, "the question is spelled %s", spelled);
		free(spelled);
	}
	ldns_rdf_deep_free(name);
	ldns_rdf_deep_free(want);
	ldns_pkt_free(pkt);
}
