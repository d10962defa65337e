/* SPDX-License-Identifier: ISC
 *
 * costly.c - answers that a hostile server would have us cache.
 *
 * A name behind a chain of pointers, one label each, is as costly to read as a name can be: up to
 * 126 jumps. `chains` and the kinds after it fit into a datagram as they are: nothing is cut, so
 * that only the work on names is left.
 */
#include "costly.h"

#include <stdio.h>
#include <string.h>

#include <split53/header.h>

#define LARGE 64000
#define SMALL 1180
#define CHAIN 110 /* labels */
#define REACH 16000 /* of pointers, nearly */

/* A message under construction. */
struct making {
	uint8_t *octets;
	size_t at;
	unsigned counts[4];
	enum s53_section section;
	unsigned above; /* the name that the next one is a label before */
	unsigned depth;
};

static void
put16(struct making *it, unsigned value)
{
	s53_u16_put(it->octets + it->at, (uint16_t)value);
	it->at += 2;
}

static void
put32(struct making *it, unsigned value)
{
	put16(it, value >> 16);
	put16(it, value & 0xffff);
}

static void
put_pointer(struct making *it, unsigned target)
{
	put16(it, 0xc000 | target);
}

static void
put_label(struct making *it, const char *label)
{
	size_t len = strlen(label);

	it->octets[it->at++] = (uint8_t)len;
	memcpy(it->octets + it->at, label, len);
	it->at += len;
}

/* One label before the name that was written last: a link of the chain. */
static void
put_link(struct making *it, char letter)
{
	const char label[2] = { letter, '\0' };
	unsigned at = (unsigned)it->at;

	put_label(it, label);
	put_pointer(it, it->above);
	it->above = ++it->depth % CHAIN == 0 || at > REACH ? S53_HEADER_LEN : at;
}

/* Type, class, TTL, length of rdata. */
static void
put_fixed(struct making *it, unsigned type, unsigned rdata_len)
{
	put16(it, type);
	put16(it, S53_CLASS_IN);
	put32(it, 600);
	put16(it, rdata_len);
	it->counts[it->section]++;
}

static void
put_address(struct making *it, unsigned address)
{
	put_fixed(it, S53_TYPE_A, 4);
	put32(it, address);
}

/* Addresses of the qname. */
static void
make_a4000(struct making *it)
{
	while (it->at < LARGE) {
		put_pointer(it, S53_HEADER_LEN);
		put_address(it, 0x0a000000 + it->counts[S53_ANSWER]);
	}
}

/* MX records of the qname, each host a label before the preceding one. */
static void
make_mx(struct making *it)
{
	while (it->at < LARGE) {
		put_pointer(it, S53_HEADER_LEN);
		put_fixed(it, S53_TYPE_MX, 6);
		put16(it, 1);
		put_link(it, (char)('a' + it->counts[S53_ANSWER] % 26));
	}
}

/* Each owner a label before the preceding one. */
static void
make_owners(struct making *it, size_t limit, bool alike)
{
	unsigned i = 0;

	for (; it->at < limit; i++) {
		put_link(it, alike ? 'a' : (char)('a' + i % 26));
		put_address(it, i);
	}
}

static void
make_adds(struct making *it)
{
	put_pointer(it, S53_HEADER_LEN);
	put_address(it, 1);
	it->section = S53_ADDITIONAL;
	make_owners(it, LARGE, false);
}

/* As above, but at most 256 records, which are searched for whole sets. */
static void
make_adds250(struct making *it)
{
	put_pointer(it, S53_HEADER_LEN);
	put_address(it, 1);
	it->section = S53_ADDITIONAL;
	make_owners(it, it->at + (size_t)250 * 18, false);
}

static void
make_authority(struct making *it)
{
	put_pointer(it, S53_HEADER_LEN);
	put_address(it, 1);
	it->section = S53_AUTHORITY;
	make_owners(it, it->at + (size_t)250 * 18, false);
}

/* CNAMEs that do not lead on from the qname, and one address. */
static void
make_cnames(struct making *it)
{
	char label[8];

	for (unsigned i = 0; i < 1500; i++) {
		snprintf(label, sizeof(label), "c%02u", i % 100);
		put_label(it, label);
		put_pointer(it, S53_HEADER_LEN);
		put_fixed(it, S53_TYPE_CNAME, 6);
		label[0] = 'd';
		put_label(it, label);
		put_pointer(it, S53_HEADER_LEN);
	}
	put_pointer(it, S53_HEADER_LEN);
	put_address(it, 1);
}

/* A chain of CNAMEs, each target one label longer, which ends in addresses; many more after it. */
static void
make_alias(struct making *it, unsigned links, size_t limit)
{
	unsigned owner = S53_HEADER_LEN;

	for (unsigned i = 0; i < links; i++) {
		put_pointer(it, owner);
		put_fixed(it, S53_TYPE_CNAME, 4);
		owner = (unsigned)it->at;
		put_link(it, 'a');
	}
	while (it->at < limit) {
		put_pointer(it, owner);
		put_address(it, it->counts[S53_ANSWER]);
	}
}

static void
make_alias1(struct making *it)
{
	make_alias(it, 1, LARGE);
}

static void
make_alias15(struct making *it)
{
	make_alias(it, 15, SMALL);
}

/* The qname, half of it in full: its first labels, then a pointer to the others. */
static void
make_spelled(struct making *it)
{
	for (unsigned i = 0; it->at < SMALL; i++) {
		put_label(it, "a");
		put_pointer(it, S53_HEADER_LEN + 2);
		put_address(it, i);
	}
}

/* As above, but never the whole qname: a pointer to its labels, one more each time. */
static void
make_nearly(struct making *it)
{
	for (unsigned i = 0; it->at < SMALL; i++) {
		put_label(it, "a");
		put_pointer(it, S53_HEADER_LEN + 2 * (i % 40));
		put_address(it, i);
	}
}

/* One set of these, as many as fit into a datagram. */
static void
make_mx60(struct making *it)
{
	while (it->at < SMALL) {
		put_pointer(it, S53_HEADER_LEN);
		put_fixed(it, S53_TYPE_MX, 6);
		put16(it, 1);
		put_link(it, 'x');
	}
}

/* One set of uncompressed names, as many as are moved. */
static void
make_mx20(struct making *it)
{
	for (unsigned i = 0; i < 20; i++) {
		put_pointer(it, S53_HEADER_LEN);
		put_fixed(it, S53_TYPE_MX, 7);
		put16(it, 1);
		put_label(it, "mx");
		put_pointer(it, S53_HEADER_LEN);
	}
}

/* The usual answer, for a name with many labels: the cost of that alone. */
static void
make_long(struct making *it)
{
	put_pointer(it, S53_HEADER_LEN);
	put_address(it, 1);
}

static const struct kind {
	const char *name;
	void (*make)(struct making *it);
	uint16_t qtype;
	unsigned labels; /* of one letter, before the usual qname */
} kinds[] = {
	{ "a4000", make_a4000, S53_TYPE_A, 0 }, { "mx", make_mx, S53_TYPE_MX, 0 },
	{ "adds", make_adds, S53_TYPE_A, 0 }, { "cnames", make_cnames, S53_TYPE_A, 0 },
	{ "adds250", make_adds250, S53_TYPE_A, 0 }, { "authority", make_authority, S53_TYPE_A, 0 },
	{ "alias1", make_alias1, S53_TYPE_A, 0 }, { "alias15", make_alias15, S53_TYPE_A, 0 },
	{ "spelled", make_spelled, S53_TYPE_A, 40 }, { "nearly", make_nearly, S53_TYPE_A, 40 },
	{ "mx60", make_mx60, S53_TYPE_MX, 0 }, { "mx20", make_mx20, S53_TYPE_MX, 0 },
	{ "long", make_long, S53_TYPE_A, 40 },
	{ "rules", make_a4000, S53_TYPE_A, 0 }, /* with rrset-order cyclic: hit_path.c */
};

const char *
costly_kind(unsigned i)
{
	return i < sizeof(kinds) / sizeof(*kinds) ? kinds[i].name : NULL;
}

static void
begin(struct making *it, const struct kind *kind, struct s53_question *question)
{
	char text[256] = "";

	for (unsigned i = 0; i < kind->labels; i++)
		strcat(text, "a.");
	strcat(text, "costly.bench.example");
	S53_ASSERT(s53_name_parse(text, &question->name) == S53_OK);
	question->lower = question->name;
	question->qtype = kind->qtype;
	question->qclass = S53_CLASS_IN;
	memset(it->octets, 0, S53_HEADER_LEN);
	it->at = it->above = S53_HEADER_LEN;
	it->section = S53_ANSWER;
	memcpy(it->octets + it->at, question->name.octets, question->name.len);
	it->at += question->name.len;
	put16(it, question->qtype);
	put16(it, question->qclass);
	it->counts[S53_QUESTION] = 1;
}

size_t
costly_message(const char *name, uint8_t *octets, struct s53_question *question)
{
	struct making it = { .octets = octets };

	for (unsigned i = 0; costly_kind(i) != NULL; i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		begin(&it, &kinds[i], question);
		kinds[i].make(&it);
		s53_header_set_flags(octets, S53_QR | S53_RD | S53_RA);
		for (enum s53_section s = S53_QUESTION; s <= S53_ADDITIONAL; s++)
			s53_header_set_count(octets, s, (uint16_t)it.counts[s]);
		return it.at;
	}
	return 0;
}
