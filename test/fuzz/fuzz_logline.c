/* SPDX-License-Identifier: ISC
 *
 * fuzz_logline.c - any text is logged: no control character in the line, and no access out of
 * bounds.
 */
#include <stdlib.h>
#include <string.h>

#include <split53/status.h>

#include "base/logline.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	size_t max = len > 0 ? octets[0] : 0;
	char *text = malloc(len + 1);
	char *line = malloc(max + 1);
	size_t line_len;

	if (text == NULL || line == NULL)
		abort();
	memcpy(text, octets, len);
	text[len] = '\0';
	line_len = logline_escape(line, 0, max, text);
	S53_ASSERT(line_len <= max);
	for (size_t i = 0; i < line_len; i++)
		S53_ASSERT((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
	line[line_len] = '\0';

	/* Text that was escaped once needs no escaping. */
	char *again = malloc(max + 1);

	if (again == NULL)
		abort();
	S53_ASSERT(logline_escape(again, 0, max, line) == line_len);
	S53_ASSERT(memcmp(again, line, line_len) == 0);
	free(again);
	free(line);
	free(text);
	return 0;
}
