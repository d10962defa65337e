/* SPDX-License-Identifier: ISC
 *
 * unbuildable.h - a configuration that the parser accepts and that cannot be built.
 */
#pragma once

#include <stdio.h>
#include <string.h>

/* With `rest` after its options. */
static inline const char *
unbuildable(const char *rest)
{
	static char text[2048];
	size_t len;

	strcpy(text, "options { forwarders { 198.51.100.1; };");
	for (unsigned i = 0; i < 65; i++) /* one more than the limit */
		strcat(text, " listen-on { none; };");
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, " }; %s", rest);
	return text;
}
