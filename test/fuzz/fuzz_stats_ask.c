/* SPDX-License-Identifier: ISC
 *
 * fuzz_stats_ask.c - the request line's target and the Accept header of a statistics channel.
 *
 * Two texts, parted by a line feed. Whatever they are, the page is one that there is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <stats/ask.h>
#include <stats/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(const struct s53_stats_ask *ask)
{
	if (ask->page > S53_PAGE_READY)
		abort();
	if ((ask->page == S53_PAGE_JSON) != (ask->json_parts != 0) ||
	    ask->json_parts > S53_JSON_ALL)
		abort();
	if ((ask->zones && ask->page != S53_PAGE_READY) ||
	    (ask->openmetrics && ask->page != S53_PAGE_METRICS))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *uri = malloc(len + 1), *accept;
	struct s53_stats_ask ask;

	if (uri == NULL)
		return 0;
	memcpy(uri, data, len);
	uri[len] = '\0';
	accept = strchr(uri, '\n');
	if (accept != NULL)
		*accept++ = '\0';
	ask = s53_stats_ask_parse(uri, accept);
	check(&ask);
	ask = s53_stats_ask_parse("/metrics", accept);
	check(&ask);
	free(uri);
	return 0;
}
