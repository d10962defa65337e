/* SPDX-License-Identifier: ISC
 *
 * fuzz_addr.c - addresses and prefixes as text: what is parsed is printed, and parsed again with
 * the same result.
 */
#include <string.h>

#include <split53/addr.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void
address(const char *input)
{
	struct s53_addr addr;
	struct s53_addr again;
	char text[S53_ADDR_TEXT];

	if (s53_addr_parse_port(input, 53, &addr) != S53_OK)
		return;
	s53_addr_print(&addr, text);
	S53_ASSERT(s53_addr_parse_port(text, 0, &again) == S53_OK);
	S53_ASSERT(s53_addr_equal(&addr, &again));
}

static void
prefix(const char *input)
{
	struct s53_prefix prefix;
	struct s53_prefix again;
	struct s53_addr addr;
	char text[S53_ADDR_TEXT];

	if (s53_prefix_parse(input, &prefix) != S53_OK)
		return;
	s53_prefix_print(&prefix, text);
	S53_ASSERT(s53_prefix_parse(text, &again) == S53_OK);
	S53_ASSERT(prefix.family == again.family && prefix.bits == again.bits);
	S53_ASSERT(memcmp(prefix.octets, again.octets, sizeof(prefix.octets)) == 0);
	*strchr(text, '/') = '\0';
	S53_ASSERT(s53_addr_parse(text, 0, &addr) == S53_OK);
	S53_ASSERT(s53_prefix_has(&prefix, &addr));
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	char input[256];

	if (len >= sizeof(input))
		return 0;
	memcpy(input, octets, len);
	input[len] = '\0';
	address(input);
	prefix(input);
	return 0;
}
