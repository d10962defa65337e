/* SPDX-License-Identifier: ISC
 *
 * fuzz_cachefile.c - the file of the cache, as it is and with corrected counts and checksums, so
 * that the contents are reached: it is rejected or read, and the entries that were read are
 * messages that can be found, dumped and written again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/cachefile.h>
#include <split53/render.h>

#include "cache/cachefile_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define MUST(condition)                                                                         \
	((condition) ? (void)0                                                                  \
		     : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), \
			   abort()))

#define NOW_MS UINT64_C(100000000)
#define WALL_S UINT64_C(1795343562)
#define SIZE (UINT64_C(2) << 20)

static char folder[] = "/tmp/s53-fuzz-XXXXXX";
static char path[64], again[64];
static const struct s53_cachefile_time now = { NOW_MS, WALL_S };

static void
clean_up(void)
{
	unlink(path);
	unlink(again);
	rmdir(folder);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	MUST(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/it", folder);
	snprintf(again, sizeof(again), "%s/again", folder);
	return atexit(clean_up);
}

/* Always a new file: some file systems write an old one to the disk when it is truncated. */
static void
put(const uint8_t *octets, size_t len)
{
	int fd;

	unlink(path);
	unlink(again);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, octets, len) == (ssize_t)len);
	close(fd);
}

/* Count the complete entries of a block: only so is the last of them reached. */
static uint32_t
count_entries(const uint8_t *octets, size_t len)
{
	struct s53_reader reader = s53_reader_of(octets, len);
	uint32_t count = 0;

	while (reader.at < reader.len) {
		s53_read(&reader, CACHEFILE_ENTRY_HEAD_LEN - 2);
		s53_read(&reader, s53_read_u16(&reader));
		count += reader.bad ? 0 : 1;
		if (reader.bad)
			break;
	}
	return count;
}

/* Set the counts and checksums of `octets` as a writer would. */
static void
put_right(uint8_t *octets, size_t len)
{
	struct cachefile_head head = { .version = CACHEFILE_VERSION, .octets = len };
	size_t at = CACHEFILE_HEAD_LEN;

	head.wall_s = WALL_S - octets[16] % 64;
	while (len - at >= CACHEFILE_BLOCK_HEAD_LEN) {
		size_t left = len - at - CACHEFILE_BLOCK_HEAD_LEN;
		size_t block_len = s53_u32_get(octets + at + 8);
		struct s53_writer writer = s53_writer_of(octets + at, 8);
		uint32_t count;

		if (block_len > left || block_len > CACHEFILE_BLOCK_MAX)
			block_len = left < CACHEFILE_BLOCK_MAX ? left : CACHEFILE_BLOCK_MAX;
		count = count_entries(octets + at + CACHEFILE_BLOCK_HEAD_LEN, block_len);
		cachefile_block_write_head(octets + at, (uint32_t)block_len, count);
		head.checksum = cachefile_block_checksum(octets + at, block_len, head.checksum);
		cachefile_write_u64(&writer, head.checksum);
		head.entries += count;
		head.blocks++;
		at += CACHEFILE_BLOCK_HEAD_LEN + block_len;
	}
	cachefile_head_write(&head, octets);
}

static uint64_t
load(const char *from, struct s53_cache *cache)
{
	char why[S53_CACHEFILE_WHY] = "";
	struct s53_cachefile_loader *loader = NULL;
	enum s53_cachefile_progress turn = S53_CACHEFILE_REJECTED;
	uint64_t loaded = 0;

	if (s53_cachefile_open(from, 2 * SIZE, now, why, &loader) == S53_OK) {
		while ((turn = s53_cachefile_progress(loader, cache, NOW_MS, why)) ==
		    S53_CACHEFILE_MORE)
			;
		loaded = s53_cachefile_loaded(loader);
		s53_cachefile_close(loader);
	}
	MUST(turn == S53_CACHEFILE_DONE || (why[0] != '\0' && loaded == 0));
	return loaded;
}

static void
look(void *arg, const struct s53_cache_record *record)
{
	static const struct s53_cache_rules rules = {
		.enabled = true,
		.stale_keep = true,
		.stale_answer = true,
		.stale_zero_ttl = true,
		.max_stale_s = UINT32_MAX,
	};
	static uint8_t copy[S53_MESSAGE_MAX];
	struct s53_reader reader = s53_reader_of(record->octets, record->len);
	struct s53_render_cached cached = { .message = record->octets, .len = record->len };
	struct s53_question question;
	struct s53_cached found;
	struct s53_edns edns;
	struct s53_key key;
	struct s53_cache_lookup ask = {
		.key = &key, .route_id = record->route_id, .rules = &rules, .now_ms = NOW_MS
	};
	size_t opt_at;
	FILE *nowhere = fopen("/dev/null", "we");

	MUST(s53_message_check(record->octets, record->len, &edns, &opt_at) && opt_at == 0);
	MUST(nowhere != NULL && s53_render_cached(nowhere, &cached));
	fclose(nowhere);
	reader.at = S53_HEADER_LEN;
	MUST(s53_name_read(&reader, &question.name));
	s53_name_lower_of(&question.name, &question.lower);
	question.qtype = s53_read_u16(&reader);
	question.qclass = s53_read_u16(&reader);
	s53_key_make(
	    &key, record->view_id, &question, record->dnssec_ok, record->checking_disabled);
	s53_cache_find(arg, &ask, copy, sizeof(copy), &found);
	MUST(found.freshness != S53_CACHE_MISS);
	if (found.freshness == S53_CACHE_FRESH)
		MUST(s53_message_check(copy, found.len, &edns, &opt_at));
}

static void
try_file(const uint8_t *octets, size_t len)
{
	struct s53_cache *cache = s53_cache_new(SIZE), *second;
	struct s53_cache_cursor cursor = { 0 };
	char why[S53_CACHEFILE_WHY];
	uint64_t loaded, written = 0;

	put(octets, len);
	loaded = load(path, cache);
	if (loaded > 0) {
		while (s53_cache_walk(cache, &cursor, NOW_MS, look, cache))
			;
		MUST(s53_cachefile_save(cache, again, now, &written, why) == S53_OK);
		MUST(written <= loaded);
		second = s53_cache_new(SIZE);
		MUST(load(again, second) == written);
		s53_cache_drop(second);
	}
	s53_cache_drop(cache);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	uint8_t *copy;

	try_file(octets, len);
	if (len < CACHEFILE_HEAD_LEN)
		return 0;
	copy = malloc(len);
	MUST(copy != NULL);
	memcpy(copy, octets, len);
	put_right(copy, len);
	try_file(copy, len);
	free(copy);
	return 0;
}
