/* SPDX-License-Identifier: ISC
 *
 * test_cachefile_refused.c - a file that is incomplete, damaged or not ours is rejected as a
 * whole.
 */
#include "cachefile_fixture.h"

static void
a_file_truncated_anywhere_is_rejected(void **state)
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
a_file_with_any_bit_flipped_is_rejected(void **state)
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

/* Both are complete, have the same length and the same counts. */
static void
the_header_of_one_file_with_the_blocks_of_another_is_rejected(void **state)
{
	static const char *const names[] = { "xyz.example.com", NULL };
	struct s53_cache *cache = cache_of(names);
	uint8_t first[1024], second[1024];
	size_t len;

	(void)state;
	save_one();
	len = slurp(first, sizeof(first));
	assert_int_equal(save(cache), 1);
	assert_int_equal(slurp(second, sizeof(second)), len);
	memcpy(second, first, CACHEFILE_HEAD_LEN);
	spit(second, len);
	is_refused("is damaged: its blocks do not match its header");
	s53_cache_drop(cache);
}

/* A file with correct counts and checksums that has a good entry and this one. */
static void
spit_entry(const struct cachefile_entry *entry)
{
	struct cachefile_head head = {
		.version = CACHEFILE_VERSION, .blocks = 1, .wall_s = WALL_S, .entries = 2
	};
	static uint8_t octets[2048], good[S53_MESSAGE_MAX];
	uint8_t *block = octets + CACHEFILE_HEAD_LEN;
	struct s53_writer writer = s53_writer_of(block + CACHEFILE_BLOCK_HEAD_LEN, 1024);
	struct s53_writer sum = s53_writer_of(block, 8);

	cachefile_entry_write(&writer,
	    &(struct cachefile_entry){ .lifetime_s = 9,
		.kept_s = 9,
		.message = good,
		.len = message_of("good.example.com", 1, good) });
	cachefile_entry_write(&writer, entry);
	assert_false(writer.full);
	cachefile_block_write_head(block, (uint32_t)writer.at, 2);
	head.checksum = cachefile_block_checksum(block, writer.at, 0);
	cachefile_write_u64(&sum, head.checksum);
	head.octets = CACHEFILE_HEAD_LEN + CACHEFILE_BLOCK_HEAD_LEN + writer.at;
	cachefile_head_write(&head, octets);
	spit(octets, head.octets);
}

static void
a_file_with_an_entry_that_no_cache_keeps_is_rejected_whole(void **state)
{
	static uint8_t octets[S53_MESSAGE_MAX];
	const struct cachefile_entry good = { .view_id = 7,
		.lifetime_s = 300,
		.kept_s = 3600,
		.message = octets,
		.len = message_of("bad.example.com", 2, octets) };
	struct cachefile_entry entry = good;
	struct s53_cache *cache = s53_cache_new(SIZE);
	static const struct {
		size_t at;
		uint8_t octet;
	} changes[] = {
		{ 1, 1 }, /* an ID */
		{ 2, 0x01 }, /* a question */
		{ 2, 0xa0 }, /* of another opcode */
		{ 2, 0x82 }, /* cut */
		{ 5, 0 }, /* no question */
		{ 7, 3 }, /* more records than there are */
		{ 13, 'B' }, /* upper case */
	};

	(void)state;
	spit_entry(&good);
	assert_int_equal(load(cache, 0), 2);
	s53_cache_drop(cache);
	entry.lifetime_s = entry.kept_s = 0;
	spit_entry(&entry);
	is_refused("an entry has invalid times or flags");
	entry.kept_s = 3600; /* stale from the start: stale-zero-ttl */
	spit_entry(&entry);
	assert_int_equal(load((cache = s53_cache_new(SIZE)), 0), 2);
	s53_cache_drop(cache);
	entry = good;
	entry.kept_s = 299;
	spit_entry(&entry);
	is_refused("an entry has invalid times or flags");
	entry = good;
	entry.age_ms = 3601000;
	spit_entry(&entry);
	is_refused("an entry has invalid times or flags");
	entry = good;
	entry.flags = 16;
	spit_entry(&entry);
	is_refused("an entry has invalid times or flags");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t was = octets[changes[i].at];

		octets[changes[i].at] = changes[i].octet;
		spit_entry(&good);
		is_refused("an entry holds a message that is never cached");
		octets[changes[i].at] = was;
	}
	entry = good;
	entry.len = S53_HEADER_LEN - 1;
	spit_entry(&entry);
	is_refused("an entry holds a message that is never cached");
}

static void
anything_but_a_cache_file_is_rejected(void **state)
{
	(void)state;
	assert_int_equal(mkdir("it", 0700), 0);
	is_refused("is not a regular file");
	assert_int_equal(rmdir("it"), 0);
	assert_int_equal(mkfifo("it", 0600), 0); /* opening it does not wait for a writer */
	is_refused("is not a regular file");
	assert_int_equal(unlink("it"), 0);
	spit(
	    (const uint8_t *)"options { directory \"/var\"; }; // as long as a head has to be", 60);
	is_refused("is not a cache file");
	save_one();
	assert_int_equal(rename("it", "elsewhere"), 0);
	assert_int_equal(symlink("elsewhere", "it"), 0);
	is_refused("is a symbolic link");
}

static void
a_file_that_other_users_could_have_written_is_rejected(void **state)
{
	(void)state;
	save_one();
	assert_int_equal(chmod("it", 0620), 0);
	is_refused("is writable by users other than its owner (mode 0620)");
	assert_int_equal(chmod("it", 0602), 0);
	is_refused("is writable by users other than its owner");
	assert_int_equal(chmod("it", 0644), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown("it", 65534, (gid_t)-1), 0);
		is_refused("belongs to another user (65534)");
	}
}

static void
a_file_of_another_version_or_from_the_future_is_rejected(void **state)
{
	struct s53_cachefile_loader *loader = NULL;
	const struct s53_cachefile_time before = { LATER_MS, WALL_S - 61 };
	const struct s53_cachefile_time set_back = { LATER_MS, WALL_S - 60 };
	uint8_t octets[1024];
	size_t len;

	(void)state;
	save_one();
	assert_int_equal(s53_cachefile_open("it", 2 * SIZE, before, why, &loader), S53_E_SYNTAX);
	assert_string_equal(why, "has a time stamp 61 seconds in the future");
	assert_int_equal(s53_cachefile_open("it", 2 * SIZE, set_back, why, &loader), S53_OK);
	s53_cachefile_close(loader);
	len = slurp(octets, sizeof(octets));
	octets[11] ^= 0xff;
	spit(octets, len);
	is_refused("was written by another version");
}

static void
a_file_larger_than_the_cache_could_have_written_is_rejected(void **state)
{
	(void)state;
	save_one();
	assert_int_equal(truncate("it", (off_t)(2 * SIZE)), 0);
	is_refused("is damaged: it has 4194304 bytes");
	assert_int_equal(truncate("it", (off_t)(2 * SIZE + 1)), 0);
	is_refused("is too large: 4194305 bytes; the limit is 4194304");
}

static void
a_missing_file_is_no_error(void **state)
{
	struct s53_cachefile_loader *loader = NULL;

	(void)state;
	assert_int_equal(open_after(0, &loader), S53_E_ABSENT);
	assert_string_equal(why, "");
	s53_cachefile_close(loader);
}

static void
reading_stops_at_a_change_of_the_file(void **state)
{
	struct s53_cache *cache = s53_cache_new(SIZE);
	struct s53_cachefile_loader *loader = NULL;

	(void)state;
	save_one();
	assert_int_equal(open_after(0, &loader), S53_OK);
	for (int i = 0; i < 2; i++) /* the block has been read, the end reached */
		assert_int_equal(
		    s53_cachefile_progress(loader, cache, LATER_MS, why), S53_CACHEFILE_MORE);
	assert_int_equal(truncate("it", 60), 0);
	assert_int_equal(
	    s53_cachefile_progress(loader, cache, LATER_MS, why), S53_CACHEFILE_REJECTED);
	assert_string_equal(why, "cannot be read to its end; it was changed while it was read");
	s53_cachefile_close(loader);
	s53_cache_drop(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_truncated_anywhere_is_rejected),
		TEST(a_file_with_any_bit_flipped_is_rejected),
		TEST(the_header_of_one_file_with_the_blocks_of_another_is_rejected),
		TEST(a_file_with_an_entry_that_no_cache_keeps_is_rejected_whole),
		TEST(anything_but_a_cache_file_is_rejected),
		TEST(a_file_that_other_users_could_have_written_is_rejected),
		TEST(a_file_of_another_version_or_from_the_future_is_rejected),
		TEST(a_file_larger_than_the_cache_could_have_written_is_rejected),
		TEST(a_missing_file_is_no_error),
		TEST(reading_stops_at_a_change_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
