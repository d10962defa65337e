/* SPDX-License-Identifier: ISC
 *
 * sign.h - the signature of a message, in the form that _auth has.
 *
 * Layer    rndc, private
 * Threads  any
 * Memory   none
 * Units    octets
 */
#pragma once

#include <split53/rndc.h>

#define RNDC_MD5_LEN 22 /* of a signature: base64 without its padding */
#define RNDC_SHA_LEN 88 /* base64, filled up with zeros */
#define RNDC_SIGNATURE_MAX RNDC_SHA_LEN

/* The length of its signatures. */
static inline size_t
rndc_signature_len(uint8_t algorithm)
{
	return algorithm == S53_RNDC_MD5 ? RNDC_MD5_LEN : RNDC_SHA_LEN;
}

/* Sign octets. S53_E_NOMEM: also when the library refuses the hash (a FIPS provider, MD5). */
S53_MUST_USE enum s53_status rndc_sign(const struct s53_rndc_key *key, const void *octets,
    size_t len, uint8_t signature[static RNDC_SIGNATURE_MAX]);
