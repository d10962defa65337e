/* SPDX-License-Identifier: ISC
 *
 * fuzz_rndc.c - a message of the control protocol: what is read points into it, and what is written
 * of that is read as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <split53/rndc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_inside(const struct s53_rndc_text *text, const uint8_t *data, size_t len)
{
	if (text->at == NULL) {
		if (text->len != 0)
			abort();
		return;
	}
	if (text->at < data || text->len > len || text->at > data + len - text->len)
		abort();
}

static void
check_same(const struct s53_rndc_message *a, const struct s53_rndc_message *b)
{
	for (unsigned i = 0; i < S53_RNDC_NUMBERS; i++)
		if (a->has[i] != b->has[i] || a->number[i] != b->number[i])
			abort();
	for (unsigned i = 0; i < S53_RNDC_DATA; i++)
		if ((a->data[i].at == NULL) != (b->data[i].at == NULL) ||
		    a->data[i].len != b->data[i].len ||
		    (a->data[i].len > 0 &&
			memcmp(a->data[i].at, b->data[i].at, a->data[i].len) != 0))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct s53_rndc_key key = { .name = "k" };
	struct s53_rndc_message message, back;
	size_t written_len = 0;
	uint8_t *written;

	if (s53_rndc_read(&message, data, len) != S53_OK)
		return 0;
	for (unsigned i = 0; i < S53_RNDC_DATA; i++)
		check_inside(&message.data[i], data, len);
	check_inside(&message.signature, data, len);
	check_inside(&message.is_signed, data, len);
	if (s53_rndc_key_set(&key, "hmac-sha256", "c2VjcmV0c2VjcmV0") != S53_OK)
		abort();
	(void)s53_rndc_verify(&message, &key);
	written = s53_rndc_write(&message, &key, &written_len);
	if (written == NULL)
		abort();
	if (s53_rndc_read(&back, written + S53_RNDC_HEAD, written_len - S53_RNDC_HEAD) != S53_OK ||
	    !s53_rndc_verify(&back, &key))
		abort();
	check_same(&message, &back);
	free(written);
	return 0;
}
