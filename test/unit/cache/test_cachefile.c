/* SPDX-License-Identifier: ISC
 *
 * test_cachefile.c - what is written is read again, aged; what is not whole or not ours is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <split53/cachefile.h>
#include <split53/reply.h>

#define SIZE (UINT64_C(2) << 20)
#define WALL_S UINT64_C(1795343562)
#define NOW_MS UINT64_C(1000000) /* of the process that writes */
#define LATER_MS UINT64_C(5000) /* of the one that reads: another clock, started lately */

static char folder[64];
static char why[S53_CACHEFILE_WHY];
static const struct s53_cachefile_time writing = { NOW_MS, WALL_S };

/* A folder of the test's own, which is the current one while it runs. */
static int
folder_enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/s53-cachefile-XXXXXX");
	why[0] = '\0';
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int
folder_leave(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* An answer with `count` addresses, as the cache keeps it. */
static size_t
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

static struct s53_cache_record
record_of(uint64_t age_ms)
{
	return (struct s53_cache_record){ .view_id = 7,
		.route_id = 9,
		.stored_ms = NOW_MS - age_ms,
		.lifetime_s = 300,
		.kept_s = 3600 };
}

static bool
put(struct s53_cache *cache, const char *name, struct s53_cache_record record, unsigned count)
{
	static uint8_t octets[S53_MESSAGE_MAX];

	record.octets = octets;
	record.len = message_of(name, count, octets);
	return s53_cache_restore(cache, &record, NOW_MS);
}

static struct s53_cache *
cache_of(const char *const *names)
{
	struct s53_cache *cache = s53_cache_new(SIZE);

	assert_non_null(cache);
	for (; *names != NULL; names++)
		assert_true(put(cache, *names, record_of(1000), 1));
	return cache;
}

static uint64_t
save(struct s53_cache *cache)
{
	uint64_t entries = 0;

	assert_int_equal(s53_cachefile_save(cache, "it", writing, &entries, why), S53_OK);
	return entries;
}

/* A file of one small answer. */
static void
save_one(void)
{
	static const char *const names[] = { "www.example.com", NULL };
	struct s53_cache *cache = cache_of(names);

	assert_int_equal(save(cache), 1);
	s53_cache_drop(cache);
}

static enum s53_status
open_after(uint64_t gone_s, struct s53_cachefile_loader **loader)
{
	const struct s53_cachefile_time reading = { LATER_MS, WALL_S + gone_s };

	return s53_cachefile_open("it", 2 * SIZE, reading, why, loader);
}

/* Read all of it into `cache`; how many entries it took. */
static uint64_t
load(struct s53_cache *cache, uint64_t gone_s)
{
	struct s53_cachefile_loader *loader = NULL;
	enum s53_cachefile_turn turn;
	uint64_t loaded;

	assert_int_equal(open_after(gone_s, &loader), S53_OK);
	while ((turn = s53_cachefile_turn(loader, cache, LATER_MS, why)) == S53_CACHEFILE_MORE)
		;
	assert_int_equal(turn, S53_CACHEFILE_DONE);
	assert_int_equal(s53_cachefile_turn(loader, cache, LATER_MS, why), S53_CACHEFILE_DONE);
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

static void
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

static const struct found *
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

/* Opened, or looked at: it is refused with these words, and nothing was taken. */
static void
is_refused(const char *words)
{
	struct s53_cache *cache = s53_cache_new(SIZE);
	struct s53_cachefile_loader *loader = NULL;
	enum s53_status status = open_after(0, &loader);
	enum s53_cachefile_turn turn = S53_CACHEFILE_REFUSED;

	if (status == S53_OK)
		while (
		    (turn = s53_cachefile_turn(loader, cache, LATER_MS, why)) == S53_CACHEFILE_MORE)
			;
	else
		assert_int_equal(status, S53_E_SYNTAX);
	s53_cachefile_close(loader);
	assert_int_equal(turn, S53_CACHEFILE_REFUSED);
	assert_int_equal(find(cache, NULL)->all, 0);
	if (strstr(why, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, why);
	s53_cache_drop(cache);
}

static size_t
slurp(uint8_t *octets, size_t cap)
{
	FILE *file = fopen("it", "re");
	size_t len;

	assert_non_null(file);
	len = fread(octets, 1, cap, file);
	fclose(file);
	return len;
}

/* Always a new one: some file systems write an old one out to the disk when it is cut. */
static void
spit(const uint8_t *octets, size_t len)
{
	int fd;

	unlink("it");
	fd = open("it", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, octets, len) == (ssize_t)len);
	close(fd);
}

static void
what_was_written_is_read_again_and_has_aged_meanwhile(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);
	struct s53_cache_record plain = record_of(1500), other = record_of(0);
	const struct found *found;
	uint8_t octets[S53_MESSAGE_MAX];

	(void)state;
	other.view_id = UINT32_MAX;
	other.route_id = UINT32_MAX - 1;
	other.dnssec_ok = other.checking_disabled = other.authentic = true;
	other.lifetime_s = 86400;
	other.kept_s = UINT32_MAX;
	assert_true(put(old, "plain.example.com", plain, 1));
	assert_true(put(old, "other.example.com", other, 3));
	assert_int_equal(save(old), 2);
	assert_int_equal(load(new, 30), 2);

	found = find(new, "plain.example.com");
	assert_int_equal(found->count, 1);
	assert_int_equal(found->record.view_id, 7);
	assert_int_equal(found->record.route_id, 9);
	assert_false(
	    found->record.dnssec_ok || found->record.checking_disabled || found->record.authentic);
	assert_int_equal(found->record.lifetime_s, 300);
	assert_int_equal(found->record.kept_s, 3600);
	assert_int_equal((int64_t)found->record.stored_ms, 5000 - 31500);
	assert_int_equal(found->record.len, message_of("plain.example.com", 1, octets));
	assert_memory_equal(found->octets, octets, found->record.len);

	found = find(new, "other.example.com");
	assert_int_equal(found->count, 1);
	assert_int_equal(found->record.view_id, UINT32_MAX);
	assert_int_equal(found->record.route_id, UINT32_MAX - 1);
	assert_true(
	    found->record.dnssec_ok && found->record.checking_disabled && found->record.authentic);
	assert_int_equal(found->record.lifetime_s, 86400);
	assert_int_equal(found->record.kept_s, UINT32_MAX);
	assert_int_equal((int64_t)found->record.stored_ms, 5000 - 30000);
	assert_int_equal(found->record.len, message_of("other.example.com", 3, octets));
	assert_memory_equal(found->octets, octets, found->record.len);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
stale_answers_stay_as_long_as_they_would_have(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);

	(void)state;
	assert_true(put(old, "stale.example.com", record_of(400 * 1000), 1));
	assert_int_equal(save(old), 1);
	assert_int_equal(load(new, 3199), 1);
	assert_int_equal(find(new, "stale.example.com")->count, 1);
	s53_cache_drop(new);
	new = s53_cache_new(SIZE);
	assert_int_equal(load(new, 3201), 0); /* read, and over */
	s53_cache_drop(new);
	new = s53_cache_new(SIZE);
	assert_int_equal(load(new, UINT32_MAX + UINT64_C(99)), 0);
	assert_int_equal(find(new, NULL)->all, 0);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
what_the_cache_has_already_stays(void **state)
{
	static const char *const names[] = { "a.example.com", "b.example.com", NULL };
	struct s53_cache *old = cache_of(names), *new = s53_cache_new(SIZE);
	struct s53_cache_record newer = record_of(0);

	(void)state;
	newer.stored_ms = LATER_MS;
	assert_int_equal(save(old), 2);
	assert_true(put(new, "a.example.com", newer, 5));
	assert_int_equal(load(new, 0), 1);
	assert_int_equal(find(new, "a.example.com")->count, 1);
	assert_int_equal(s53_header_count(find(new, "a.example.com")->octets, S53_ANSWER), 5);
	assert_int_equal(find(new, "b.example.com")->count, 1);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
many_answers_take_many_blocks_and_as_many_turns(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);
	struct s53_cachefile_loader *loader = NULL;
	unsigned turns = 0;
	uint64_t kept;
	char name[64];

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "name-%u.example.com", i);
		put(old, name, record_of(0), i % 8);
	}
	kept = find(old, NULL)->all;
	assert_in_range(kept, 5000, 6000);
	assert_int_equal(save(old), kept);
	assert_int_equal(open_after(0, &loader), S53_OK);
	while (s53_cachefile_turn(loader, new, LATER_MS, why) == S53_CACHEFILE_MORE)
		turns++;
	assert_in_range(turns, 8, 40);
	assert_int_equal(s53_cachefile_loaded(loader), kept);
	s53_cachefile_close(loader);
	assert_int_equal(find(new, NULL)->all, kept);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
the_largest_message_fits(void **state)
{
	struct s53_cache *old = s53_cache_new(SIZE), *new = s53_cache_new(SIZE);

	(void)state;
	assert_true(put(old, "large.example.com", record_of(0), 4000));
	assert_true(put(old, "larger.example.com", record_of(0), 4093));
	assert_int_equal(save(old), 2);
	assert_int_equal(load(new, 0), 2);
	assert_int_equal(
	    s53_header_count(find(new, "larger.example.com")->octets, S53_ANSWER), 4093);
	s53_cache_drop(old);
	s53_cache_drop(new);
}

static void
an_empty_cache_is_a_file_too(void **state)
{
	static const char *const none[] = { NULL };
	struct s53_cache *cache = cache_of(none);

	(void)state;
	assert_int_equal(save(cache), 0);
	assert_int_equal(load(cache, 0), 0);
	s53_cache_drop(cache);
}

static void
a_file_cut_anywhere_is_refused(void **state)
{
	uint8_t octets[1024];
	size_t len;

	(void)state;
	save_one();
	len = slurp(octets, sizeof(octets));
	assert_in_range(len, 100, 200);
	for (size_t cut = 0; cut < len; cut++) {
		spit(octets, cut);
		is_refused("");
	}
	octets[len] = 0;
	spit(octets, len + 1);
	is_refused("is damaged: it has");
}

static void
a_file_with_any_bit_flipped_is_refused(void **state)
{
	uint8_t octets[1024];
	size_t len;

	(void)state;
	save_one();
	len = slurp(octets, sizeof(octets));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		spit(octets, len);
		is_refused("");
		octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	spit(octets, len);
	assert_int_equal(unlink("it"), 0);
}

static void
what_is_no_file_of_ours_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir("it", 0700), 0);
	is_refused("is no regular file");
	assert_int_equal(rmdir("it"), 0);
	assert_int_equal(mkfifo("it", 0600), 0); /* and nobody waits for its writer */
	is_refused("is no regular file");
	assert_int_equal(unlink("it"), 0);
	spit(
	    (const uint8_t *)"options { directory \"/var\"; }; // as long as a head has to be", 60);
	is_refused("is no file of a cache");
	save_one();
	assert_int_equal(rename("it", "elsewhere"), 0);
	assert_int_equal(symlink("elsewhere", "it"), 0);
	is_refused("is a symbolic link");
}

static void
a_file_that_others_could_have_written_is_refused(void **state)
{
	(void)state;
	save_one();
	assert_int_equal(chmod("it", 0620), 0);
	is_refused("by others than its owner (mode 0620)");
	assert_int_equal(chmod("it", 0602), 0);
	is_refused("by others than its owner");
	assert_int_equal(chmod("it", 0644), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown("it", 65534, (gid_t)-1), 0);
		is_refused("belongs to another user (65534)");
	}
}

static void
a_file_of_another_version_or_from_the_future_is_refused(void **state)
{
	struct s53_cachefile_loader *loader = NULL;
	const struct s53_cachefile_time before = { LATER_MS, WALL_S - 1 };
	uint8_t octets[1024];
	size_t len;

	(void)state;
	save_one();
	assert_int_equal(s53_cachefile_open("it", 2 * SIZE, before, why, &loader), S53_E_SYNTAX);
	assert_string_equal(why, "is from the future: written 1 seconds from now");
	len = slurp(octets, sizeof(octets));
	octets[11] ^= 0xff;
	spit(octets, len);
	is_refused("is of another version");
}

static void
a_file_larger_than_the_cache_could_have_written_is_refused(void **state)
{
	(void)state;
	save_one();
	assert_int_equal(truncate("it", (off_t)(2 * SIZE)), 0);
	is_refused("is damaged: it has 4194304 octets");
	assert_int_equal(truncate("it", (off_t)(2 * SIZE + 1)), 0);
	is_refused("is too large: 4194305 octets, at most 4194304 are read");
}

static void
a_file_that_is_not_there_is_no_error(void **state)
{
	struct s53_cachefile_loader *loader = NULL;

	(void)state;
	assert_int_equal(open_after(0, &loader), S53_E_ABSENT);
	assert_string_equal(why, "");
	s53_cachefile_close(loader);
}

static void
a_file_that_is_changed_while_it_is_read_is_taken_no_further(void **state)
{
	struct s53_cache *cache = s53_cache_new(SIZE);
	struct s53_cachefile_loader *loader = NULL;

	(void)state;
	save_one();
	assert_int_equal(open_after(0, &loader), S53_OK);
	for (int i = 0; i < 2; i++) /* the block has been looked at, the end reached */
		assert_int_equal(
		    s53_cachefile_turn(loader, cache, LATER_MS, why), S53_CACHEFILE_MORE);
	assert_int_equal(truncate("it", 60), 0);
	assert_int_equal(s53_cachefile_turn(loader, cache, LATER_MS, why), S53_CACHEFILE_REFUSED);
	assert_string_equal(why, "cannot be read to its end; it was changed meanwhile");
	s53_cachefile_close(loader);
	s53_cache_drop(cache);
}

static void
a_file_that_cannot_be_written_leaves_the_old_one(void **state)
{
	static const char *const names[] = { "a.example.com", "b.example.com", NULL };
	struct s53_cache *cache = cache_of(names);
	struct rlimit limit, small = { 100, RLIM_INFINITY };
	uint64_t entries = 99;

	(void)state;
	assert_int_equal(s53_cachefile_save(cache, "no/it", writing, &entries, why), S53_E_IO);
	assert_string_equal(why, "cannot be written: No such file or directory");
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(s53_cachefile_save(cache, "dir", writing, &entries, why), S53_E_IO);
	assert_string_equal(why, "is no regular file");

	save_one();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(s53_cachefile_save(cache, "it", writing, &entries, why), S53_E_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_string_equal(why, "cannot be written: File too large");
	assert_int_equal(entries, 99);
	assert_int_equal(access("it.new", F_OK), -1);
	s53_cache_drop(cache);
	cache = s53_cache_new(SIZE);
	assert_int_equal(load(cache, 0), 1);
	s53_cache_drop(cache);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read_again_and_has_aged_meanwhile),
		TEST(stale_answers_stay_as_long_as_they_would_have),
		TEST(what_the_cache_has_already_stays),
		TEST(many_answers_take_many_blocks_and_as_many_turns),
		TEST(the_largest_message_fits),
		TEST(an_empty_cache_is_a_file_too),
		TEST(a_file_cut_anywhere_is_refused),
		TEST(a_file_with_any_bit_flipped_is_refused),
		TEST(what_is_no_file_of_ours_is_refused),
		TEST(a_file_that_others_could_have_written_is_refused),
		TEST(a_file_of_another_version_or_from_the_future_is_refused),
		TEST(a_file_larger_than_the_cache_could_have_written_is_refused),
		TEST(a_file_that_is_not_there_is_no_error),
		TEST(a_file_that_is_changed_while_it_is_read_is_taken_no_further),
		TEST(a_file_that_cannot_be_written_leaves_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
