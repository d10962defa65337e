/* SPDX-License-Identifier: ISC
 *
 * index.c - see index.h.
 */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#include <split53/hash.h>

#define SLOTS_MIN 16
#define TYPE_KEY 25 /* RFC 2535 s3 */

struct s53_zone *
zone_new(const struct s53_name *apex)
{
	struct s53_zone *zone = calloc(1, sizeof(*zone));

	if (zone == NULL)
		return NULL;
	atomic_init(&zone->count, 1);
	s53_arena_init(&zone->arena);
	zone->apex = *apex;
	s53_name_lower(&zone->apex);
	zone->apex_labels = s53_name_label_count(apex);
	return zone;
}

static size_t
slot_of(const struct s53_zone *zone, uint64_t hash, const uint8_t *octets, size_t len)
{
	size_t mask = zone->slot_count - 1, at = (size_t)hash & mask;
	const struct node *node;

	while ((node = zone->slots[at]) != NULL) {
		if (node->hash == hash && node->len == len &&
		    memcmp(node->octets, octets, len) == 0)
			break;
		at = (at + 1) & mask;
	}
	return at;
}

/* The node of a name given by its bytes in lower case, or NULL. */
static struct node *
node_named(const struct s53_zone *zone, const uint8_t *octets, size_t len)
{
	if (zone->slot_count == 0)
		return NULL;
	return zone->slots[slot_of(zone, s53_hash(octets, len), octets, len)];
}

static enum s53_status
grow(struct s53_zone *zone)
{
	size_t old_count = zone->slot_count;
	struct node **old = zone->slots;
	size_t count = old_count == 0 ? SLOTS_MIN : 2 * old_count;
	struct node **slots = calloc(count, sizeof(*slots));

	if (slots == NULL)
		return S53_E_NOMEM;
	zone->slots = slots;
	zone->slot_count = count;
	for (size_t i = 0; i < old_count; i++) {
		struct node *node = old[i];

		if (node != NULL)
			slots[slot_of(zone, node->hash, node->octets, node->len)] = node;
	}
	free(old);
	return S53_OK;
}

/* The node of a name below `parent`, created if it does not exist. NULL: no memory. */
static struct node *
node_make(struct s53_zone *zone, struct node *parent, const uint8_t *octets, size_t len)
{
	struct node *node = node_named(zone, octets, len);

	if (node != NULL)
		return node;
	if (2 * (zone->node_count + 1) > zone->slot_count && grow(zone) != S53_OK)
		return NULL;
	if ((node = s53_arena_zalloc(&zone->arena, sizeof(*node) + len)) == NULL)
		return NULL;
	node->hash = s53_hash(octets, len);
	node->last = &node->rrsets;
	node->len = (uint8_t)len;
	memcpy(node->octets, octets, len);
	zone->slots[slot_of(zone, node->hash, octets, len)] = node;
	zone->node_count++;
	if (parent != NULL && octets[0] == 1 && octets[1] == '*')
		parent->wildcard = node;
	return node;
}

/* The offset of each label of a name, the root's last. */
struct labels {
	unsigned count; /* without the root */
	uint8_t at[S53_NAME_MAX / 2 + 1];
};

static void
labels_of(const struct s53_name *name, struct labels *out)
{
	unsigned at = 0;

	out->count = 0;
	while (name->octets[at] != 0) {
		out->at[out->count++] = (uint8_t)at;
		at += 1u + name->octets[at];
	}
	out->at[out->count] = (uint8_t)at;
}

/* The node of `lower`, with all nodes between it and the apex. NULL: no memory. */
static struct node *
branch_make(struct s53_zone *zone, const struct s53_name *lower)
{
	struct labels labels;
	struct node *node = NULL;

	labels_of(lower, &labels);
	for (unsigned depth = zone->apex_labels; depth <= labels.count; depth++) {
		unsigned at = labels.at[labels.count - depth];

		node = node_make(zone, node, lower->octets + at, (size_t)lower->len - at);
		if (node == NULL)
			return NULL;
		if (zone->top == NULL)
			zone->top = node;
	}
	return node;
}

static struct rrset *
find_rrset(const struct node *node, uint16_t type)
{
	for (struct rrset *set = node->rrsets; set != NULL; set = set->next)
		if (set->type == type)
			return set;
	return NULL;
}

const struct rrset *
index_rrset(const struct node *node, uint16_t type)
{
	return find_rrset(node, type);
}

bool
index_goes_beside_cname(uint16_t type)
{
	return type == S53_TYPE_RRSIG || type == S53_TYPE_NSEC || type == S53_TYPE_SIG ||
	    type == S53_TYPE_NXT || type == TYPE_KEY;
}

/* Why a record of `type` is not valid at `node`, or NULL. */
static const char *
misfit(const struct s53_zone *zone, const struct node *node, uint16_t type)
{
	if (type == S53_TYPE_SOA && node != zone->top)
		return "SOA not at the top of the zone";
	if (type == S53_TYPE_NS && node->octets[0] == 1 && node->octets[1] == '*')
		return "NS at a wildcard name"; /* RFC 4592 s4.2 */
	for (const struct rrset *set = node->rrsets; set != NULL; set = set->next) {
		if (set->type == type) {
			if (type == S53_TYPE_SOA)
				return "more than one SOA";
			if (type == S53_TYPE_CNAME) /* RFC 2181 s10.1 */
				return "more than one CNAME at this name";
			if (type == S53_TYPE_DNAME) /* RFC 6672 s2.4 */
				return "more than one DNAME at this name";
		} else if ((type == S53_TYPE_CNAME && !index_goes_beside_cname(set->type)) ||
		    (set->type == S53_TYPE_CNAME && !index_goes_beside_cname(type))) {
			return "CNAME and other data at one name"; /* RFC 1034 s3.6.2 */
		}
	}
	return NULL;
}

static struct rrset *
rrset_make(struct s53_zone *zone, struct node *node, const struct loose *record)
{
	struct rrset *set = s53_arena_zalloc(&zone->arena, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->type = record->type;
	set->ttl = record->ttl;
	set->last = &set->first;
	*node->last = set;
	node->last = &set->next;
	node->cut |= record->type == S53_TYPE_NS && node != zone->top;
	return set;
}

static bool
rrset_has(const struct rrset *set, const struct loose *record)
{
	for (const struct record *one = set->first; one != NULL; one = one->next)
		if (one->len == record->len && memcmp(one->rdata, record->rdata, one->len) == 0)
			return true;
	return false;
}

enum s53_status
zone_add(
    struct s53_zone *zone, const struct loose *record, const char **problem, const char **warning)
{
	struct s53_name lower = *record->owner;
	struct node *node;
	struct rrset *set;
	struct record *one;

	s53_name_lower(&lower);
	if ((node = branch_make(zone, &lower)) == NULL)
		return S53_E_NOMEM;
	set = find_rrset(node, record->type);
	if (set != NULL && rrset_has(set, record))
		return S53_E_EXISTS;
	if ((*problem = misfit(zone, node, record->type)) != NULL)
		return S53_E_SYNTAX;
	if (set == NULL && (set = rrset_make(zone, node, record)) == NULL)
		return S53_E_NOMEM;
	if (set->count == RRSET_MAX) {
		*problem = "more records of one name and type than fit into a message";
		return S53_E_SYNTAX;
	}
	if ((one = s53_arena_zalloc(&zone->arena, sizeof(*one) + record->len)) == NULL)
		return S53_E_NOMEM;
	if (set->ttl != record->ttl) /* RFC 2181 s5.2 */
		*warning = "TTL differs from that of the first record of this name and "
			   "type, which "
			   "is used";
	one->len = record->len;
	memcpy(one->rdata, record->rdata, record->len);
	*set->last = one;
	set->last = &one->next;
	set->count++;
	zone->record_count++;
	return S53_OK;
}

int
index_additional_offset(uint16_t type)
{
	switch (type) {
	case S53_TYPE_NS: /* RFC 1035 s3.3.11 */
		return 0;
	case S53_TYPE_MX: /* RFC 1035 s3.3.9 */
		return 2;
	case S53_TYPE_SRV: /* RFC 2782 */
		return 6;
	default:
		return -1;
	}
}

/* The node with the addresses of a host in a record. */
static const struct node *
target_node(const struct s53_zone *zone, uint16_t type, const struct record *record)
{
	struct s53_reader reader = s53_reader_of(record->rdata, record->len);
	size_t offset = (size_t)index_additional_offset(type);
	struct s53_name host;
	struct walk_end place;

	if (s53_read(&reader, offset) == NULL || !s53_name_read(&reader, &host) ||
	    !s53_name_is_at_or_below(&host, &zone->apex))
		return NULL;
	s53_name_lower(&host);
	place = zone_walk(zone, &host, S53_TYPE_A);
	if (place.kind == END_NAME || place.kind == END_WILDCARD)
		return place.node;
	/*
		 * Records below a delegation are the child's, and used as glue only (RFC 1034
		 * s4.2.1).
		 */
	if (place.kind == END_CUT && type == S53_TYPE_NS)
		return node_named(zone, host.octets, host.len);
	return NULL;
}

static void
find_targets(const struct s53_zone *zone, struct node *node)
{
	for (struct rrset *set = node->rrsets; set != NULL; set = set->next) {
		if (index_additional_offset(set->type) < 0)
			continue;
		for (struct record *one = set->first; one != NULL; one = one->next)
			one->target = target_node(zone, set->type, one);
	}
}

enum s53_status
zone_seal(struct s53_zone *zone)
{
	const struct record *soa;
	uint32_t minimum;

	if (zone->top == NULL || (zone->soa = index_rrset(zone->top, S53_TYPE_SOA)) == NULL)
		return S53_E_ABSENT;
	soa = zone->soa->first;
	minimum = s53_u32_get(soa->rdata + soa->len - 4);
	zone->negative_ttl = minimum < zone->soa->ttl ? minimum : zone->soa->ttl;
	for (size_t i = 0; i < zone->slot_count; i++)
		if (zone->slots[i] != NULL)
			find_targets(zone, zone->slots[i]);
	return S53_OK;
}

struct walk_end
zone_walk(const struct s53_zone *zone, const struct s53_name *lower, uint16_t qtype)
{
	struct labels labels;
	const struct node *node = zone->top, *child;

	labels_of(lower, &labels);
	for (unsigned depth = zone->apex_labels;; depth++, node = child) {
		bool here = depth == labels.count;
		unsigned at;

		if (node->cut && !(here && qtype == S53_TYPE_DS))
			return (struct walk_end){ END_CUT, node };
		if (here)
			return (struct walk_end){ END_NAME, node };
		if (index_rrset(node, S53_TYPE_DNAME) != NULL)
			return (struct walk_end){ END_DNAME, node };
		at = labels.at[labels.count - depth - 1];
		child = node_named(zone, lower->octets + at, (size_t)lower->len - at);
		if (child == NULL && node->wildcard != NULL)
			return (struct walk_end){ END_WILDCARD, node->wildcard };
		if (child == NULL)
			return (struct walk_end){ END_NOWHERE, NULL };
	}
}
