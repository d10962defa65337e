/* SPDX-License-Identifier: ISC
 *
 * index.c - nodes by name, sorted: a file of a million zones is checked in a moment.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"

void
conf_index_add_octets(struct conf_checker *checker, struct conf_index *index, const uint8_t *octets,
    size_t len, const struct conf_node *node)
{
	if (index->count == index->room) {
		size_t room = index->room == 0 ? 64 : index->room * 2;
		struct conf_key *keys = reallocarray(index->keys, room, sizeof(*keys));

		if (keys == NULL) {
			checker->out_of_memory = true;
			return;
		}
		index->keys = keys;
		index->room = room;
	}
	octets = s53_arena_copy(&checker->scratch, octets, len);
	if (octets == NULL) {
		checker->out_of_memory = true;
		return;
	}
	index->keys[index->count] =
	    (struct conf_key){ .octets = octets, .len = len, .node = node, .order = index->count };
	index->count++;
}

static uint8_t
lower(char letter)
{
	return (uint8_t)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
}

void
conf_index_add(struct conf_checker *checker, struct conf_index *index, const char *name,
    const struct conf_node *node)
{
	size_t len = strlen(name);
	uint8_t *key = s53_arena_alloc(&checker->scratch, len + 1);

	if (key == NULL) {
		checker->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < len; i++)
		key[i] = lower(name[i]);
	conf_index_add_octets(checker, index, key, len, node);
}

static int
octets_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order != 0)
		return order;
	return a_len < b_len ? -1 : a_len > b_len;
}

static int
key_compare(const void *a, const void *b)
{
	const struct conf_key *left = a, *right = b;
	int order = octets_compare(left->octets, left->len, right->octets, right->len);

	if (order != 0)
		return order;
	return left->order < right->order ? -1 : left->order > right->order;
}

void
conf_index_sort(struct conf_index *index)
{
	if (index->count > 1)
		qsort(index->keys, index->count, sizeof(index->keys[0]), key_compare);
}

/* Is key `key` before `name` (-1), equal (0), or after it (1)? */
static int
key_against(const struct conf_key *key, const char *name, size_t len)
{
	for (size_t i = 0; i < key->len && i < len; i++)
		if (key->octets[i] != lower(name[i]))
			return key->octets[i] < lower(name[i]) ? -1 : 1;
	return key->len < len ? -1 : key->len > len;
}

const struct conf_key *
conf_index_find(const struct conf_index *index, const char *name)
{
	size_t low = 0, high = index->count, len = strlen(name);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (key_against(&index->keys[middle], name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < index->count && key_against(&index->keys[low], name, len) == 0)
		return &index->keys[low];
	return NULL;
}

const struct conf_key *
conf_index_find_octets(const struct conf_index *index, const uint8_t *octets, size_t len)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct conf_key *key = &index->keys[middle];

		if (octets_compare(key->octets, key->len, octets, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < index->count &&
	    octets_compare(index->keys[low].octets, index->keys[low].len, octets, len) == 0)
		return &index->keys[low];
	return NULL;
}

void
conf_index_twice(struct conf_checker *checker, const struct conf_index *index)
{
	const struct conf_key *first = index->keys;

	for (size_t i = 1; i < index->count; i++) {
		const struct conf_key *key = &index->keys[i];
		const struct s53_conf_statement *statement = &key->node->statement;
		char shown[CONF_SHOWN];

		if (octets_compare(first->octets, first->len, key->octets, key->len) != 0) {
			first = key;
			continue;
		}
		conf_check_error(checker, statement->place, "%s '%s' is already defined in %s:%u",
		    statement->name, conf_show(statement->label, shown),
		    first->node->statement.place.file, first->node->statement.place.line);
	}
}

void
conf_index_fini(struct conf_index *index)
{
	free(index->keys);
	memset(index, 0, sizeof(*index));
}
