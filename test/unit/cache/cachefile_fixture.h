/* SPDX-License-Identifier: ISC
 *
 * cachefile_fixture.h - caches, their file in a temporary directory, and what is read from it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/cachefile.h>
#include <split53/reply.h>

#include "cache/cachefile_form.h"

#define SIZE (UINT64_C(2) << 20)
#define WALL_S UINT64_C(1795343562)
#define NOW_MS UINT64_C(1000000) /* of the process that writes */
#define LATER_MS UINT64_C(5000) /* of the process that reads: another clock, started recently */

static char folder[64];
static char why[S53_CACHEFILE_WHY];
static const struct s53_cachefile_time writing = { NOW_MS, WALL_S };

/* Make a temporary directory and change into it for the time of the test. */
static inline int
folder_enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/s53-cachefile-XXXXXX");
	why[0] = '\0';
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static inline int
folder_leave(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* An answer with `count` addresses, as the cache keeps it. */
static inline size_t
message_of(const char *name, unsigned count, uint8_t octets[static S53_MESSAGE_MAX])
{
	struct s53_question question = { .qtype = S53_TYPE_A, .qclass = S53_CLASS_IN };
	struct s53_reply reply;

	assert_int_equal(s53_name_parse(name, &question.name), S53_OK);
	s53_reply_begin(&reply, octets, S53_MESSAGE_MAX, 0, S53_QR | S53_RA, &question);
	for (unsigned i = 0; i < count; i++) {
		uint8_t rdata[4] = { 192, 0, (uint8_t)(i >> 8), (uint8_t)i };

		assert_true(s53_reply_add(&reply, S53_ANSWER, &question.name, S53_TYPE_A,
		    S53_CLASS_IN, 300, rdata, sizeof(rdata)));
	}
	return s53_reply_end(&reply, NULL);
}

static inline struct s53_cache_record
record_of(uint64_t age_ms)
{
	return (struct s53_cache_record){ .view_id = 7,
		.route_id = 9,
		.stored_ms = NOW_MS - age_ms,
		.lifetime_s = 300,
		.kept_s = 3600 };
}

static inline bool
put(struct s53_cache *cache, const char *name, struct s53_cache_record record, unsigned count)
{
	static uint8_t octets[S53_MESSAGE_MAX];

	record.octets = octets;
	record.len = message_of(name, count, octets);
	return s53_cache_restore(cache, &record, NOW_MS);
}

static inline struct s53_cache *
cache_of(const char *const *names)
{
	struct s53_cache *cache = s53_cache_new(SIZE);

	assert_non_null(cache);
	for (; *names != NULL; names++)
		assert_true(put(cache, *names, record_of(1000), 1));
	return cache;
}

static inline uint64_t
save(struct s53_cache *cache)
{
	uint64_t entries = 0;

	assert_int_equal(s53_cachefile_save(cache, "it", writing, &entries, why), S53_OK);
	return entries;
}

/* A file with one small answer. */
static inline void
save_one(void)
{
	static const char *const names[] = { "www.example.com", NULL };
	struct s53_cache *cache = cache_of(names);

	assert_int_equal(save(cache), 1);
	s53_cache_drop(cache);
}

static inline enum s53_status
open_after(uint64_t gone_s, struct s53_cachefile_loader **loader)
{
	const struct s53_cachefile_time reading = { LATER_MS, WALL_S + gone_s };

	return s53_cachefile_open("it", 2 * SIZE, reading, why, loader);
}

/* Read the whole file into `cache`; returns the number of entries that were restored. */
static inline uint64_t
load(struct s53_cache *cache, uint64_t gone_s)
{
	struct s53_cachefile_loader *loader = NULL;
	enum s53_cachefile_progress turn;
	uint64_t loaded;

	assert_int_equal(open_after(gone_s, &loader), S53_OK);
	while ((turn = s53_cachefile_progress(loader, cache, LATER_MS, why)) == S53_CACHEFILE_MORE)
		;
	assert_int_equal(turn, S53_CACHEFILE_DONE);
	assert_int_equal(s53_cachefile_progress(loader, cache, LATER_MS, why), S53_CACHEFILE_DONE);
	loaded = s53_cachefile_loaded(loader);
	s53_cachefile_close(loader);
	return loaded;
}

struct found {
	const char *name; /* looked for */
	struct s53_cache_record record;
	uint8_t octets[S53_MESSAGE_MAX];
	unsigned count; /* of that name */
	unsigned all;
};

static inline void
find_one(void *arg, const struct s53_cache_record *record)
{
	struct found *found = arg;
	struct s53_reader reader = s53_reader_of(record->octets, record->len);
	char text[S53_NAME_TEXT];
	struct s53_name name;

	reader.at = S53_HEADER_LEN;
	assert_true(s53_name_read(&reader, &name));
	found->all++;
	if (found->name == NULL || strcmp(s53_name_print(&name, text), found->name) != 0)
		return;
	found->count++;
	found->record = *record;
	memcpy(found->octets, record->octets, record->len);
}

static inline const struct found *
find(struct s53_cache *cache, const char *name)
{
	static struct found found;
	struct s53_cache_cursor cursor = { 0 };

	memset(&found, 0, sizeof(found));
	found.name = name;
	while (s53_cache_walk(cache, &cursor, LATER_MS, find_one, &found))
		;
	return &found;
}

/*
 * Whether it is opened or only checked: the file is rejected with this text, and nothing is
 * restored.
 */
static inline void
is_refused(const char *words)
{
	struct s53_cache *cache = s53_cache_new(SIZE);
	struct s53_cachefile_loader *loader = NULL;
	enum s53_status status = open_after(0, &loader);
	enum s53_cachefile_progress turn = S53_CACHEFILE_REJECTED;

	if (status == S53_OK)
		while ((turn = s53_cachefile_progress(loader, cache, LATER_MS, why)) ==
		    S53_CACHEFILE_MORE)
			;
	else
		assert_int_equal(status, S53_E_SYNTAX);
	s53_cachefile_close(loader);
	assert_int_equal(turn, S53_CACHEFILE_REJECTED);
	assert_int_equal(find(cache, NULL)->all, 0);
	if (strstr(why, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, why);
	s53_cache_drop(cache);
}

static inline size_t
slurp(uint8_t *octets, size_t cap)
{
	FILE *file = fopen("it", "re");
	size_t len;

	assert_non_null(file);
	len = fread(octets, 1, cap, file);
	fclose(file);
	return len;
}

/* Always a new file: some file systems write an old one to the disk when it is truncated. */
static inline void
spit(const uint8_t *octets, size_t len)
{
	int fd;

	unlink("it");
	fd = open("it", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, octets, len) == (ssize_t)len);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)
