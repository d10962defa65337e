/* SPDX-License-Identifier: ISC
 *
 * floor_tcp.c - connections, and one write for the answers to all queries of one read.
 */
#include "floor.h"
#include "floor_answer.h"

int
floor_open(struct bench_endpoint *endpoint)
{
	return bench_tcp_listen(endpoint);
}

_Noreturn void
floor_run(int fd, const struct bench_endpoint *upstream)
{
	static const struct responder responder = { floor_answer, NULL };

	(void)upstream;
	responder_tcp(&responder, fd);
}
