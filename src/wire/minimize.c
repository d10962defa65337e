/* SPDX-License-Identifier: ISC
 *
 * minimize.c - remove what a positive answer does not need.
 *
 * This is done once for each upstream response, so it may read names. What is removed is nearly
 * always the end of the message, which is cut off. If something behind it stays, the rest is
 * written anew, since names that stay may point into what is removed.
 */
#include <split53/hash.h>
#include <split53/reply.h>

#include "form.h"

#define HOSTS_MAX 32 /* addresses of so many hosts of NS records are removed; others stay */

struct minimizing {
	const uint8_t *message;
	size_t len;
	bool additional; /* remove the whole additional section */
	unsigned host_count;
	uint64_t hosts[HOSTS_MAX]; /* keyed hashes of names, 0: needed after all */
};

static uint64_t
hash_name(const struct s53_reader *at)
{
	struct s53_reader reader = *at;
	struct s53_name name;

	if (!s53_name_read(&reader, &name))
		return 0;
	s53_name_lower(&name);
	return s53_hash(name.octets, name.len);
}

static struct s53_reader
reader_at(const struct minimizing *it, size_t at)
{
	struct s53_reader reader = s53_reader_of(it->message, it->len);

	reader.at = at;
	return reader;
}

/* Is it NS, or a signature of NS (RFC 4034 s3.1)? */
static bool
is_ns_or_signature(const struct minimizing *it, const struct s53_rr *rr)
{
	struct s53_reader rdata = reader_at(it, rr->rdata_at);

	return rr->type == S53_TYPE_NS ||
	    (rr->type == S53_TYPE_RRSIG && s53_read_u16(&rdata) == S53_TYPE_NS);
}

static bool
is_host(const struct minimizing *it, uint64_t hash)
{
	for (unsigned i = 0; i < it->host_count; i++)
		if (it->hosts[i] == hash)
			return hash != 0;
	return false;
}

static bool
goes(const struct minimizing *it, const struct s53_rr *rr)
{
	struct s53_reader owner = reader_at(it, rr->owner_at);

	switch (rr->section) {
	case S53_AUTHORITY:
		return is_ns_or_signature(it, rr);
	case S53_ADDITIONAL:
		return it->additional || (it->host_count > 0 && is_host(it, hash_name(&owner)));
	default:
		return false;
	}
}

/* The names in its rdata are not hosts that a client is going to connect to. */
static bool
names_no_hosts(uint16_t type)
{
	return type == S53_TYPE_CNAME || type == S53_TYPE_DNAME || type == S53_TYPE_PTR ||
	    type == S53_TYPE_SOA || type == S53_TYPE_RRSIG;
}

/* Addresses of hosts that the answer itself names (RFC 1035 s3.3, RFC 2782) must stay. */
static void
keep_hosts_of(struct minimizing *it, const struct s53_rr *rr)
{
	struct s53_reader rdata = reader_at(it, rr->rdata_at);
	const char *fields = s53_form_of(rr->type).fields;
	struct s53_name name;

	rdata.len = rr->end_at;
	if (names_no_hosts(rr->type))
		return;
	while (s53_form_next_name(&fields, &rdata)) {
		uint64_t hash = hash_name(&rdata);

		for (unsigned i = 0; i < it->host_count; i++)
			if (it->hosts[i] == hash)
				it->hosts[i] = 0;
		if (!s53_name_read(&rdata, &name))
			return;
	}
}

/* Find the hosts of the authority section's NS records that the answer does not name. */
static void
find_hosts(struct minimizing *it, const struct s53_walk *from)
{
	struct s53_walk walk = *from;
	struct s53_rr rr;

	while (s53_walk_next(&walk, &rr) && it->host_count < HOSTS_MAX) {
		struct s53_reader rdata = reader_at(it, rr.rdata_at);

		if (rr.section == S53_AUTHORITY && rr.type == S53_TYPE_NS)
			it->hosts[it->host_count++] = hash_name(&rdata);
	}
	walk = *from;
	while (it->host_count > 0 && s53_walk_next(&walk, &rr) && rr.section == S53_ANSWER)
		keep_hosts_of(it, &rr);
}

/* Replace the message by what stays of it. Returns its length; the old one if it would grow. */
static size_t
write_anew(const struct minimizing *it, const struct s53_walk *from, uint8_t *message)
{
	uint8_t octets[S53_MESSAGE_MAX];
	struct s53_reader reader = reader_at(it, S53_HEADER_LEN);
	struct s53_question question;
	struct s53_walk walk = *from;
	struct s53_reply reply;
	struct s53_rr rr;
	size_t len;

	if (s53_header_count(message, S53_QUESTION) != 1 || !s53_name_read(&reader, &question.name))
		return it->len;
	question.qtype = s53_read_u16(&reader);
	question.qclass = s53_read_u16(&reader);
	s53_reply_begin(
	    &reply, octets, it->len, s53_header_id(message), s53_header_flags(message), &question);
	while (s53_walk_next(&walk, &rr))
		if (!goes(it, &rr) && !s53_reply_copy(&reply, rr.section, message, it->len, &rr))
			return it->len;
	len = s53_reply_end(&reply, NULL);
	memcpy(message, octets, len);
	return len;
}

size_t
s53_message_minimize(uint8_t *message, size_t len, bool additional)
{
	struct minimizing it;
	struct s53_walk walk, from;
	uint16_t kept[4] = { 0 };
	size_t cut_at = len;
	bool behind = false; /* a record that stays is behind one that is removed */
	struct s53_rr rr;

	if (s53_header_rcode(message) != S53_RCODE_NOERROR ||
	    s53_header_count(message, S53_ANSWER) == 0 ||
	    (s53_header_count(message, S53_AUTHORITY) == 0 &&
		(!additional || s53_header_count(message, S53_ADDITIONAL) == 0)) ||
	    !s53_walk_begin(&from, message, len))
		return len;
	it.message = message; /* field by field: find_hosts() fills in the hosts */
	it.len = len;
	it.additional = additional;
	it.host_count = 0;
	if (!additional && s53_header_count(message, S53_ADDITIONAL) > 0)
		find_hosts(&it, &from);
	for (walk = from; s53_walk_next(&walk, &rr);) {
		if (goes(&it, &rr)) {
			cut_at = rr.owner_at < cut_at ? rr.owner_at : cut_at;
		} else {
			kept[rr.section]++;
			behind = behind || cut_at < len;
		}
	}
	if (behind)
		return write_anew(&it, &from, message);
	s53_header_set_count(message, S53_AUTHORITY, kept[S53_AUTHORITY]);
	s53_header_set_count(message, S53_ADDITIONAL, kept[S53_ADDITIONAL]);
	return cut_at;
}
