/* SPDX-License-Identifier: ISC
 *
 * sign.c - keys and HMACs of messages.
 */
#include "sign.h"

#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static const struct {
	const char *name;
	enum s53_rndc_algorithm number;
	const char *hash; /* OpenSSL's name */
} algorithms[] = {
	{ "hmac-md5", S53_RNDC_MD5, "MD5" },
	{ "hmac-md5.sig-alg.reg.int", S53_RNDC_MD5, "MD5" },
	{ "hmac-md5.sig-alg.reg.int.", S53_RNDC_MD5, "MD5" },
	{ "hmac-sha1", S53_RNDC_SHA1, "SHA1" },
	{ "hmac-sha224", S53_RNDC_SHA224, "SHA224" },
	{ "hmac-sha256", S53_RNDC_SHA256, "SHA256" },
	{ "hmac-sha384", S53_RNDC_SHA384, "SHA384" },
	{ "hmac-sha512", S53_RNDC_SHA512, "SHA512" },
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

/*
 * Decode base64. Blanks and padding are handled here, whatever the decoder accepts (conf checks
 * them in the same way).
 */
static enum s53_status
decode_secret(struct s53_rndc_key *key, const char *text)
{
	char packed[(S53_RNDC_SECRET_MAX + 2) / 3 * 4 + 1];
	uint8_t octets[sizeof(packed)];
	size_t len = 0, padding;
	int got;

	for (; *text != '\0'; text++) {
		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		if (len == sizeof(packed) - 1)
			return S53_E_RANGE;
		packed[len++] = *text;
	}
	packed[len] = '\0';
	padding = len >= 1 && packed[len - 1] == '=';
	padding += len >= 2 && packed[len - 2] == '=';
	got = EVP_DecodeBlock(octets, (const unsigned char *)packed, (int)len);
	if (len == 0 || len % 4 != 0 || strcspn(packed, "=") != len - padding || got < (int)padding)
		return S53_E_SYNTAX;
	key->secret_len = (size_t)got - padding;
	if (key->secret_len == 0)
		return S53_E_SYNTAX;
	if (key->secret_len > S53_RNDC_SECRET_MAX)
		return S53_E_RANGE;
	memcpy(key->secret, octets, key->secret_len);
	OPENSSL_cleanse(packed, sizeof(packed));
	OPENSSL_cleanse(octets, sizeof(octets));
	return S53_OK;
}

enum s53_status
s53_rndc_key_set(struct s53_rndc_key *key, const char *algorithm, const char *secret)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (strcasecmp(algorithms[i].name, algorithm) != 0)
			continue;
		key->algorithm = algorithms[i].number;
		return decode_secret(key, secret);
	}
	return S53_E_ABSENT;
}

static const char *
hash_of(enum s53_rndc_algorithm algorithm)
{
	size_t i = 0;

	while (i < ALGORITHMS && algorithms[i].number != algorithm)
		i++;
	return i < ALGORITHMS ? algorithms[i].hash : "";
}

static bool
compute(const struct s53_rndc_key *key, const void *octets, size_t len,
    uint8_t digest[static EVP_MAX_MD_SIZE], size_t *digest_len)
{
	char hash[16] = "";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	bool fine;

	strncpy(hash, hash_of(key->algorithm), sizeof(hash) - 1);
	parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash, 0);
	fine = context != NULL &&
	    EVP_MAC_init(context, key->secret, key->secret_len, parameters) == 1 &&
	    EVP_MAC_update(context, octets, len) == 1 &&
	    EVP_MAC_final(context, digest, digest_len, EVP_MAX_MD_SIZE) == 1;
	EVP_MAC_CTX_free(context);
	EVP_MAC_free(mac);
	return fine;
}

enum s53_status
rndc_sign(const struct s53_rndc_key *key, const void *octets, size_t len,
    uint8_t signature[static RNDC_SIGNATURE_MAX])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned char text[(EVP_MAX_MD_SIZE + 2) / 3 * 4 + 1] = { 0 };
	size_t digest_len = 0;

	if (!compute(key, octets, len, digest, &digest_len))
		return S53_E_NOMEM;
	EVP_EncodeBlock(text, digest, (int)digest_len);
	memset(signature, 0, RNDC_SIGNATURE_MAX);
	memcpy(signature, text, rndc_signature_len((uint8_t)key->algorithm));
	return S53_OK;
}

bool
s53_rndc_verify(const struct s53_rndc_message *message, const struct s53_rndc_key *key)
{
	uint8_t expected[RNDC_SIGNATURE_MAX];
	size_t len = rndc_signature_len((uint8_t)key->algorithm);

	if (message->algorithm != key->algorithm || message->signature.len != len ||
	    rndc_sign(key, message->is_signed.at, message->is_signed.len, expected) != S53_OK)
		return false;
	return CRYPTO_memcmp(expected, message->signature.at, len) == 0;
}
