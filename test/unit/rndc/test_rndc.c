/* SPDX-License-Identifier: ISC
 *
 * test_rndc.c - the messages of rndc: those that BIND 9.18's own has sent, and broken ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <split53/header.h>
#include <split53/rndc.h>

#define SECRET "c2VjcmV0c2VjcmV0"
#define OCTETS_MAX 512

/* `rndc status`, its first message, without the head. */
static const struct {
	const char *algorithm;
	enum s53_rndc_algorithm number;
	const char *hex;
} captured[] = {
	{ "hmac-md5", S53_RNDC_MD5,
	    "00000001055f61757468020000002004686d64350100000016344b4f6335356d674a7553794e6547637538"
	    "784b356705"
	    "5f6374726c020000003c045f736572010000000a33313333303831383030045f74696d010000000a313739"
	    "3539393830"
	    "3230045f657870010000000a31373935393938303830055f64617461020000000e04747970650100000004"
	    "6e756c6c" },
	{ "hmac-sha1", S53_RNDC_SHA1,
	    "00000001055f61757468020000006304687368610100000059a14f31304d5767584b745853314e306c6a75"
	    "4354353958"
	    "7843307a383d00000000000000000000000000000000000000000000000000000000000000000000000000"
	    "0000000000"
	    "000000000000000000000000000000000000055f6374726c020000003c045f736572010000000a32323839"
	    "3531313436"
	    "31045f74696d010000000a31373935393938303230045f657870010000000a31373935393938303830055f"
	    "6461746102"
	    "0000000e047479706501000000046e756c6c" },
	{ "hmac-sha224", S53_RNDC_SHA224,
	    "00000001055f61757468020000006304687368610100000059a24d7166344378697669585549757831636a"
	    "6743695162"
	    "454b65366a6b4d2b5544777a413133773d3d00000000000000000000000000000000000000000000000000"
	    "0000000000"
	    "000000000000000000000000000000000000055f6374726c020000003c045f736572010000000a33333439"
	    "3333313436"
	    "38045f74696d010000000a31373935393938303230045f657870010000000a31373935393938303830055f"
	    "6461746102"
	    "0000000e047479706501000000046e756c6c" },
	{ "hmac-sha256", S53_RNDC_SHA256,
	    "00000001055f61757468020000006304687368610100000059a3736c6f49446243435674584c7854446d6f"
	    "7042425172"
	    "6c6579743450774268673764562b61477a516d52453d000000000000000000000000000000000000000000"
	    "0000000000"
	    "000000000000000000000000000000000000055f6374726c020000003b045f736572010000000936353530"
	    "3032353532"
	    "045f74696d010000000a31373935393938303230045f657870010000000a31373935393938303830055f64"
	    "6174610200"
	    "00000e047479706501000000046e756c6c" },
	{ "hmac-sha384", S53_RNDC_SHA384,
	    "00000001055f61757468020000006304687368610100000059a459465843445563307631384a4159482f6d"
	    "6d772b4152"
	    "446e655a7044314a45784a6f41557a52566f59703265317161724a78524c423932315359756c5957364900"
	    "0000000000"
	    "000000000000000000000000000000000000055f6374726c020000003a045f736572010000000831333430"
	    "3637323104"
	    "5f74696d010000000a31373935393938303230045f657870010000000a31373935393938303830055f6461"
	    "7461020000"
	    "000e047479706501000000046e756c6c" },
	{ "hmac-sha512", S53_RNDC_SHA512,
	    "00000001055f61757468020000006304687368610100000059a5447349586f656a4a574d41414b7979734b"
	    "505149306b"
	    "672b6f5a36746e685a79466d566d665341674e464334525837786e51636f544a6b39626b48795664572f6d"
	    "5967387149"
	    "31507543584e786a6a7043614c5361773d3d055f6374726c020000003c045f736572010000000a32333532"
	    "3532313438"
	    "38045f74696d010000000a31373935393938303230045f657870010000000a31373935393938303830055f"
	    "6461746102"
	    "0000000e047479706501000000046e756c6c" },
};

#define CAPTURED (sizeof(captured) / sizeof(captured[0]))

static size_t
octets_of(unsigned index, uint8_t octets[static OCTETS_MAX])
{
	const char *hex = captured[index].hex;
	size_t len = strlen(hex) / 2;

	assert_true(len <= OCTETS_MAX);
	for (size_t i = 0; i < len; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		octets[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return len;
}

static struct s53_rndc_key
key_of(const char *algorithm, const char *secret)
{
	struct s53_rndc_key key = { .name = "k" };

	assert_int_equal(s53_rndc_key_set(&key, algorithm, secret), S53_OK);
	return key;
}

static void
messages_of_rndc_are_read_and_verified(void **state)
{
	uint8_t octets[OCTETS_MAX];

	(void)state;
	for (unsigned i = 0; i < CAPTURED; i++) {
		struct s53_rndc_key key = key_of(captured[i].algorithm, SECRET);
		struct s53_rndc_key other = key_of(captured[i].algorithm, "b3RoZXI=");
		size_t len = octets_of(i, octets);
		struct s53_rndc_message message;

		assert_int_equal(s53_rndc_read(&message, octets, len), S53_OK);
		assert_int_equal(message.algorithm, captured[i].number);
		assert_true(message.has[S53_RNDC_SERIAL] && message.has[S53_RNDC_SENT]);
		assert_int_equal(
		    message.number[S53_RNDC_EXPIRES] - message.number[S53_RNDC_SENT], 60);
		assert_false(message.has[S53_RNDC_NONCE] || message.has[S53_RNDC_IS_REPLY]);
		assert_int_equal(message.data[S53_RNDC_COMMAND].len, 4);
		assert_memory_equal(message.data[S53_RNDC_COMMAND].at, "null", 4);
		assert_true(s53_rndc_verify(&message, &key));
		assert_false(s53_rndc_verify(&message, &other));
	}
}

static void
a_key_of_another_algorithm_does_not_verify(void **state)
{
	uint8_t octets[OCTETS_MAX];

	(void)state;
	for (unsigned i = 0; i < CAPTURED; i++)
		for (unsigned other = 0; other < CAPTURED; other++) {
			struct s53_rndc_key key = key_of(captured[other].algorithm, SECRET);
			struct s53_rndc_message message;

			assert_int_equal(
			    s53_rndc_read(&message, octets, octets_of(i, octets)), S53_OK);
			assert_int_equal(s53_rndc_verify(&message, &key), i == other);
		}
}

static void
no_octet_of_a_message_can_be_changed(void **state)
{
	struct s53_rndc_key key = key_of("hmac-sha256", SECRET);
	uint8_t octets[OCTETS_MAX];
	size_t len = octets_of(3, octets);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		struct s53_rndc_message message;

		octets[i] ^= 1;
		assert_false(s53_rndc_read(&message, octets, len) == S53_OK &&
		    s53_rndc_verify(&message, &key));
		octets[i] ^= 1;
	}
}

static void
a_message_that_is_cut_is_none(void **state)
{
	struct s53_rndc_key key = key_of("hmac-sha256", SECRET);
	uint8_t octets[OCTETS_MAX];
	size_t len = octets_of(3, octets);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut + 1); /* so that a sanitizer sees each octet behind it */
		struct s53_rndc_message message;

		memcpy(copy, octets, cut);
		assert_false(s53_rndc_read(&message, copy, cut) == S53_OK &&
		    s53_rndc_verify(&message, &key));
		free(copy);
	}
}

static void
what_is_written_is_read(void **state)
{
	static const char *const algorithms[] = { "hmac-md5", "HMAC-SHA1", "hmac-sha512" };
	struct s53_rndc_message message = {
		.has = { [S53_RNDC_SERIAL] = true, [S53_RNDC_NONCE] = true },
		.number = { [S53_RNDC_SERIAL] = UINT32_MAX, [S53_RNDC_NONCE] = 7 },
		.data = { [S53_RNDC_COMMAND] = s53_rndc_text("flushname www.example.com"),
		    [S53_RNDC_FORMAT] = s53_rndc_text("json") }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		struct s53_rndc_key key = key_of(algorithms[i], SECRET);
		struct s53_rndc_message back;
		size_t len = 0;
		uint8_t *octets = s53_rndc_write(&message, &key, &len);

		assert_non_null(octets);
		assert_int_equal(s53_u32_get(octets), len - S53_RNDC_HEAD);
		assert_int_equal(
		    s53_rndc_read(&back, octets + S53_RNDC_HEAD, len - S53_RNDC_HEAD), S53_OK);
		assert_true(s53_rndc_verify(&back, &key));
		assert_int_equal(back.number[S53_RNDC_SERIAL], UINT32_MAX);
		assert_int_equal(back.number[S53_RNDC_NONCE], 7);
		assert_false(back.has[S53_RNDC_SENT]);
		assert_int_equal(back.data[S53_RNDC_COMMAND].len, 25);
		assert_null(back.data[S53_RNDC_TEXT].at);
		free(octets);
	}
}

static void
an_unsigned_message_has_no_signature(void **state)
{
	struct s53_rndc_message message = { .data = {
						[S53_RNDC_COMMAND] = s53_rndc_text("status") } };
	struct s53_rndc_key key = key_of("hmac-sha256", SECRET);
	struct s53_rndc_message back;
	size_t len = 0;
	uint8_t *octets = s53_rndc_write(&message, NULL, &len);

	(void)state;
	assert_int_equal(s53_rndc_read(&back, octets + S53_RNDC_HEAD, len - S53_RNDC_HEAD), S53_OK);
	assert_int_equal(back.algorithm, 0);
	assert_false(s53_rndc_verify(&back, &key));
	free(octets);
}

/* Tables of a message by hand. */
#define VERSION "\0\0\0\1"
#define CTRL "\5_ctrl\2\0\0\0\0"
#define DATA "\5_data\2\0\0\0\0"

static void
messages_of_another_form_are_refused(void **state)
{
#define BAD(text)                      \
	{                              \
		text, sizeof(text) - 1 \
	}
	static const struct {
		const char *octets;
		size_t len;
	} bad[] = {
		BAD(""), BAD("\0\0\0\2" CTRL DATA), /* another version */
		BAD(VERSION), /* no table */
		BAD(VERSION CTRL), /* one is missing */
		BAD(VERSION DATA), BAD(VERSION CTRL DATA DATA), /* twice */
		BAD(VERSION CTRL DATA "\5_auth\2\0\0\0\0"), /* the signature must stand first */
		BAD(VERSION "\5_ctrl\1\0\0\0\0" DATA), /* no table */
		BAD(VERSION CTRL "\5_data\2\0\0\0\1\0"), /* its entry ends early */
		BAD(VERSION CTRL "\5_data\2\377\377\377\377"), /* longer than the message */
		BAD(VERSION "\5_ctrl\2\0\0\0\13\4_ser\1\0\0\0\1x" DATA), /* no number */
		BAD(VERSION "\5_ctrl\2\0\0\0\12\4_ser\1\0\0\0\0" DATA),
		BAD(VERSION "\5_ctrl\2\0\0\0\24\4_ser\1\0\0\0\12"
			    "4294967296" DATA),
		BAD(VERSION "\5_ctrl\2\0\0\0\26\4_ser\1\0\0\0\1"
			    "1\4_ser\1\0\0\0\1"
			    "2" DATA),
		BAD(VERSION CTRL "\5_data\2\0\0\0\12\4type\2\0\0\0\0"), /* no text */
		BAD(VERSION "\5_auth\2\0\0\0\12\4hmd5\1\0\0\0\0" CTRL DATA), /* too short */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct s53_rndc_message message;

		if (s53_rndc_read(&message, bad[i].octets, bad[i].len) != S53_E_SYNTAX)
			fail_msg("message %zu was taken", i);
	}
}

static void
unknown_tables_and_entries_are_ignored(void **state)
{
	static const char octets[] =
	    VERSION CTRL "\3foo\3\0\0\0\1x\5_data\2\0\0\0\11\3bar\2\0\0\0\0";
	struct s53_rndc_message message;

	(void)state;
	assert_int_equal(s53_rndc_read(&message, octets, sizeof(octets) - 1), S53_OK);
}

static void
keys_that_rndc_does_not_have_are_refused(void **state)
{
	char long_secret[1001];
	struct s53_rndc_key key;

	(void)state;
	memset(long_secret, 'A', sizeof(long_secret) - 1);
	long_secret[sizeof(long_secret) - 1] = '\0';
	assert_int_equal(s53_rndc_key_set(&key, "hmac-sha256-128", SECRET), S53_E_ABSENT);
	assert_int_equal(s53_rndc_key_set(&key, "sha256", SECRET), S53_E_ABSENT);
	assert_int_equal(s53_rndc_key_set(&key, "hmac-sha256", ""), S53_E_SYNTAX);
	assert_int_equal(s53_rndc_key_set(&key, "hmac-sha256", "===="), S53_E_SYNTAX);
	assert_int_equal(s53_rndc_key_set(&key, "hmac-sha256", "c2V"), S53_E_SYNTAX);
	assert_int_equal(s53_rndc_key_set(&key, "hmac-sha256", "c2V=jcmV"), S53_E_SYNTAX);
	assert_int_equal(s53_rndc_key_set(&key, "hmac-sha256", "c2V!cmV0"), S53_E_SYNTAX);
	assert_int_equal(s53_rndc_key_set(&key, "hmac-sha256", long_secret), S53_E_RANGE);
}

static void
a_secret_may_have_blanks_and_padding(void **state)
{
	struct s53_rndc_key key = key_of("hmac-md5.sig-alg.reg.int.", " c2V jcmU\n= ");

	(void)state;
	assert_int_equal(key.secret_len, 5);
	assert_memory_equal(key.secret, "secre", 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_rndc_are_read_and_verified),
		cmocka_unit_test(a_key_of_another_algorithm_does_not_verify),
		cmocka_unit_test(no_octet_of_a_message_can_be_changed),
		cmocka_unit_test(a_message_that_is_cut_is_none),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(an_unsigned_message_has_no_signature),
		cmocka_unit_test(messages_of_another_form_are_refused),
		cmocka_unit_test(unknown_tables_and_entries_are_ignored),
		cmocka_unit_test(keys_that_rndc_does_not_have_are_refused),
		cmocka_unit_test(a_secret_may_have_blanks_and_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
