/* SPDX-License-Identifier: ISC
 *
 * key.c - see key.h.
 */
#include <split53/key.h>

#include <split53/hash.h>

/* Mix the bits; each step is reversible, so different fields of one name never collide. */
static uint64_t
mix(uint64_t bits)
{
	bits ^= bits >> 32;
	bits *= 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio, odd */
	bits ^= bits >> 29;
	bits *= 0xd6e8feb86659fd93u; /* any odd number with as many ones as zeros does */
	return bits ^ bits >> 32;
}

void
s53_key_make(struct s53_key *key, uint32_t view_id, const struct s53_question *question,
    bool dnssec_ok, bool checking_disabled)
{
	uint64_t fields =
	    (uint64_t)view_id << 32 | (uint64_t)question->qtype << 16 | question->qclass;
	uint64_t bits = (dnssec_ok ? 1u : 0u) | (checking_disabled ? 2u : 0u);

	key->view_id = view_id;
	key->qtype = question->qtype;
	key->qclass = question->qclass;
	key->dnssec_ok = dnssec_ok;
	key->checking_disabled = checking_disabled;
	key->name = &question->lower;
	key->hash = mix(s53_hash(key->name->octets, key->name->len) ^ mix(fields + (bits << 62)));
}

bool
s53_key_equal(const struct s53_key *a, const struct s53_key *b)
{
	return a->hash == b->hash && a->view_id == b->view_id && a->qtype == b->qtype &&
	    a->qclass == b->qclass && a->dnssec_ok == b->dnssec_ok &&
	    a->checking_disabled == b->checking_disabled && s53_name_same(a->name, b->name);
}
