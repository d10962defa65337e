/* SPDX-License-Identifier: ISC
 *
 * rndc.h - the messages of BIND's control protocol (isccc), and how they are signed.
 *
 * Layer    rndc: used by both ends, the channel of the server and split53ctl
 * Threads  any; nothing is shared
 * Memory   a message that was read points into its octets; s53_rndc_write() allocates
 * Units    octets; seconds since 1970
 * Sources  BIND 9.18: lib/isccc/cc.c, bin/named/controlconf.c, bin/rndc/rndc.c. RFC 2104 (HMAC)
 *
 * On the wire a message is its length in four octets (these not counted), the version 1 in four,
 * and a table. A table is a row of entries: the length of the key in one octet, the key, the type
 * of the value in one octet, its length in four, its octets. A message has the tables _auth (the
 * signature over all that follows this table; first), _ctrl (serial, times, nonce: decimal texts)
 * and _data (the command as "type"; in a reply "result", "err" and "text" as well). Over a Unix
 * socket, where file rights decide, _auth may be missing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <split53/status.h>

#define S53_RNDC_PORT 953
#define S53_RNDC_HEAD 4 /* octets of the length */
#define S53_RNDC_REQUEST_MAX 2048 /* BIND's limit: of a request, without the head */
#define S53_RNDC_REPLY_MAX (1024 * 1024) /* rndc's: of a reply */
#define S53_RNDC_LONG_REPLY_MAX (16 * 1024 * 1024) /* split53ctl's */
#define S53_RNDC_SKEW_S 300 /* by which the clocks of both ends may differ */
#define S53_RNDC_LIFE_S 60 /* of a message, from its _tim to its _exp */
#define S53_RNDC_SECRET_MAX 512

/* Their numbers on the wire. */
enum s53_rndc_algorithm {
	S53_RNDC_MD5 = 157,
	S53_RNDC_SHA1 = 161,
	S53_RNDC_SHA224 = 162,
	S53_RNDC_SHA256 = 163,
	S53_RNDC_SHA384 = 164,
	S53_RNDC_SHA512 = 165,
};

struct s53_rndc_key {
	const char *name;
	enum s53_rndc_algorithm algorithm;
	uint8_t secret[S53_RNDC_SECRET_MAX];
	size_t secret_len;
};

/*
 * "hmac-sha256" in any letter case, also "hmac-md5.sig-alg.reg.int", and a secret in base64.
 * key->name is not changed.
 *   S53_E_ABSENT  rndc knows no such algorithm (truncated ones neither)
 *   S53_E_SYNTAX  the secret is not base64, or empty
 *   S53_E_RANGE   the secret is longer than S53_RNDC_SECRET_MAX
 */
S53_MUST_USE enum s53_status s53_rndc_key_set(
    struct s53_rndc_key *key, const char *algorithm, const char *secret);

/* Octets of a message; at NULL: the message does not have them. */
struct s53_rndc_text {
	const uint8_t *at;
	size_t len;
};

/* The entries of _ctrl that are numbers. */
enum s53_rndc_number {
	S53_RNDC_SERIAL, /* _ser */
	S53_RNDC_SENT, /* _tim */
	S53_RNDC_EXPIRES, /* _exp */
	S53_RNDC_IS_REPLY, /* _rpl */
	S53_RNDC_NONCE, /* _nonce */
	S53_RNDC_NUMBERS
};

/* The entries of _data that are known. */
enum s53_rndc_datum {
	S53_RNDC_COMMAND, /* type: the command line */
	S53_RNDC_FORMAT, /* format: "json" asks for JSON; split53's own, BIND ignores it */
	S53_RNDC_RESULT, /* result: 0, or the number of an error; only in replies, as the rest */
	S53_RNDC_ERROR, /* err: the name of the error */
	S53_RNDC_TEXT, /* text: what the command prints */
	S53_RNDC_DATA
};

struct s53_rndc_message {
	bool has[S53_RNDC_NUMBERS];
	uint32_t number[S53_RNDC_NUMBERS];
	struct s53_rndc_text data[S53_RNDC_DATA];
	/* Of a message that was read: */
	uint8_t algorithm; /* of `signature`; 0: it has none */
	struct s53_rndc_text signature, is_signed; /* base64; what it covers */
};

/*
 * Read the octets behind the head. S53_E_SYNTAX: not such a message. Entries and tables with other
 * keys are ignored. Nothing is verified.
 */
S53_MUST_USE enum s53_status s53_rndc_read(
    struct s53_rndc_message *message, const void *octets, size_t len);

/* Is the message signed with this key? Takes the same time for each wrong signature. */
bool s53_rndc_verify(const struct s53_rndc_message *message, const struct s53_rndc_key *key);

/*
 * The octets of the message with their head, signed with `key` (NULL: unsigned); the caller frees
 * them. NULL: no memory, or over S53_RNDC_LONG_REPLY_MAX.
 */
uint8_t *s53_rndc_write(
    const struct s53_rndc_message *message, const struct s53_rndc_key *key, size_t *len);

/* Convert a NUL-terminated text to a text of a message. */
struct s53_rndc_text s53_rndc_text(const char *text);
