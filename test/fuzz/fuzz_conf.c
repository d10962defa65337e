/* SPDX-License-Identifier: ISC
 *
 * fuzz_conf.c - any text as a named.conf: if it loads it is printed, and the printed text loads
 * and prints the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/conf.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static char *
print(const struct s53_conf *conf, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	S53_ASSERT(out != NULL);
	s53_conf_print(conf, out);
	S53_ASSERT(fclose(out) == 0);
	return text;
}

/* The messages are printed too: they quote lines of the file. */
static void
say(const struct s53_diags *diags)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	S53_ASSERT(out != NULL);
	s53_diags_print(diags, out);
	S53_ASSERT(fclose(out) == 0);
	free(text);
}

/* The print of the parsed text, or NULL if it does not load. */
static char *
read_and_print(const char *octets, size_t len, size_t *print_len)
{
	struct s53_conf *conf = NULL;
	struct s53_diags diags;
	enum s53_status status;
	char *text = NULL;

	s53_diags_init(&diags);
	status = s53_conf_parse("fuzz.conf", octets, len, &diags, &conf);
	S53_ASSERT((status == S53_OK) == (diags.error_count == 0));
	say(&diags);
	s53_diags_fini(&diags);
	if (status == S53_OK)
		text = print(conf, print_len);
	s53_conf_free(conf);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	size_t first_len = 0, second_len = 0;
	char *first = read_and_print((const char *)octets, len, &first_len), *second;

	if (first == NULL)
		return 0;
	second = read_and_print(first, first_len, &second_len);
	S53_ASSERT(second != NULL);
	S53_ASSERT(first_len == second_len && memcmp(first, second, first_len) == 0);
	free(first);
	free(second);
	return 0;
}
