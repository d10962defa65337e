/* SPDX-License-Identifier: ISC
 *
 * floor.c - the command line that all floor programs share: ADDRESS PORT [UPSTREAM PORT].
 *
 * A floor moves the packets of a scenario and computes nothing: its cost is the minimum for any
 * server.
 */
#include "floor.h"

#include <stdio.h>

int
main(int argc, char **argv)
{
	struct bench_endpoint own, upstream;
	uint16_t asked;
	int fd;

	if (argc != 3 && argc != 5)
		bench_refuse("usage: ADDRESS PORT [UPSTREAM-ADDRESS PORT]");
	own = bench_endpoint_of(argv[1], argv[2]);
	asked = bench_endpoint_port(&own);
	if ((fd = floor_open(&own)) < 0)
		bench_die("bind");
	if (argc == 5)
		upstream = bench_endpoint_of(argv[3], argv[4]);
	printf(asked == 0 ? "ready %u\n" : "ready\n", bench_endpoint_port(&own));
	fflush(stdout);
	floor_run(fd, argc == 5 ? &upstream : NULL);
}
