/* SPDX-License-Identifier: ISC
 *
 * busiest.c - see busiest.h.
 */
#include <split53/busiest.h>

#include <stdlib.h>
#include <string.h>

#include <split53/hash.h>

void
s53_busiest_init(struct s53_busiest *busiest)
{
	memset(busiest, 0, sizeof(*busiest));
	pthread_mutex_init(&busiest->lock, NULL);
}

void
s53_busiest_fini(struct s53_busiest *busiest)
{
	pthread_mutex_destroy(&busiest->lock);
}

static bool
is_of(const struct s53_busiest_entry *entry, const struct s53_busiest_entry *key)
{
	return entry->hash == key->hash && entry->kind == key->kind && entry->len == key->len &&
	    memcmp(entry->key, key->key, key->len) == 0;
}

/* The entry of the key, or else the one with the smallest count. */
static struct s53_busiest_entry *
find(struct s53_busiest_entry *entries, unsigned count, const struct s53_busiest_entry *key)
{
	struct s53_busiest_entry *least = entries;

	for (unsigned i = 0; i < count; i++) {
		if (is_of(&entries[i], key))
			return &entries[i];
		if (entries[i].count < least->count)
			least = &entries[i];
	}
	return least;
}

static void
take_over(struct s53_busiest_entry *entry, const struct s53_busiest_entry *key)
{
	uint32_t count = entry->count;

	*entry = *key;
	entry->count = count;
	entry->error = count;
}

/* Halve all counts, so that keys that are no longer busy lose their entries in the end. */
static void
fade(struct s53_busiest *busiest)
{
	busiest->samples = 0;
	for (unsigned i = 0; i < S53_BUSIEST_KEYS; i++) {
		busiest->entries[i].count /= 2;
		busiest->entries[i].error /= 2;
	}
}

void
s53_busiest_count(struct s53_busiest *busiest, const void *octets, size_t len, uint16_t kind)
{
	struct s53_busiest_entry key = { .kind = kind, .len = (uint16_t)len };
	struct s53_busiest_entry *entry;

	if (len == 0 || len > S53_BUSIEST_KEY_MAX)
		return;
	memcpy(key.key, octets, len);
	key.hash = s53_hash(octets, len);
	pthread_mutex_lock(&busiest->lock);
	entry = find(busiest->entries, S53_BUSIEST_KEYS, &key);
	if (!is_of(entry, &key))
		take_over(entry, &key);
	entry->count++;
	if (++busiest->samples >= S53_BUSIEST_FADE)
		fade(busiest);
	pthread_mutex_unlock(&busiest->lock);
}

static int
by_count(const void *a, const void *b)
{
	const struct s53_busiest_entry *first = a, *second = b;

	return (first->count < second->count) - (first->count > second->count);
}

static void
add_one(struct s53_busiest_list *list, const struct s53_busiest_entry *key)
{
	struct s53_busiest_entry *entry = NULL;

	if (list->count > 0)
		entry = find(list->entries, list->count, key);
	if (entry != NULL && is_of(entry, key)) {
		entry->count += key->count;
		entry->error += key->error;
	} else if (list->count < S53_BUSIEST_KEYS) {
		list->entries[list->count++] = *key;
	} else if (entry != NULL && entry->count < key->count) {
		*entry = *key;
	}
}

void
s53_busiest_add(struct s53_busiest_list *list, struct s53_busiest *busiest)
{
	struct s53_busiest_entry *copy = malloc(sizeof(busiest->entries));

	if (copy == NULL)
		return; /* without memory the list gets nothing from this table */
	pthread_mutex_lock(&busiest->lock);
	memcpy(copy, busiest->entries, sizeof(busiest->entries));
	pthread_mutex_unlock(&busiest->lock);
	for (unsigned i = 0; i < S53_BUSIEST_KEYS; i++)
		if (copy[i].len > 0 && copy[i].count > 0)
			add_one(list, &copy[i]);
	qsort(list->entries, list->count, sizeof(list->entries[0]), by_count);
	free(copy);
}
