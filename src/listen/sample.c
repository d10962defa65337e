/* SPDX-License-Identifier: ISC
 *
 * sample.c - see sample.h. A query that cannot be parsed is counted by its client only.
 */
#include "sample.h"

#include <split53/busiest.h>
#include <split53/name.h>

static void
count_name(struct s53_busiest *names, const struct s53_arrival *arrival)
{
	struct s53_reader reader = s53_reader_of(arrival->octets, arrival->len);
	struct s53_name name;
	uint16_t type;

	(void)s53_read(&reader, S53_HEADER_LEN);
	if (reader.bad || !s53_name_read(&reader, &name))
		return;
	type = s53_read_u16(&reader);
	if (reader.bad)
		return;
	s53_name_lower(&name);
	s53_busiest_count(names, name.octets, name.len, type);
}

static void
count_client(struct s53_busiest *clients, const struct s53_addr *addr)
{
	size_t len;
	const uint8_t *octets = s53_addr_octets(addr, &len);

	s53_busiest_count(clients, octets, len, addr->family);
}

void
s53_sample_take(
    struct s53_listen_context *context, const struct s53_arrival *arrivals, unsigned count)
{
	/* The counter went down to -k: the query to count is the k-th before the last one. */
	unsigned behind = (unsigned)-context->until_sample;
	const struct s53_arrival *arrival = &arrivals[behind < count ? count - 1 - behind : 0];

	context->until_sample = S53_BUSIEST_SAMPLE - (int)(behind % S53_BUSIEST_SAMPLE);
	if (context->names == NULL)
		return;
	count_name(context->names, arrival);
	count_client(context->clients, &arrival->client->addr);
}
