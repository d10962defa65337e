/* SPDX-License-Identifier: ISC
 *
 * floor_gso.c - trains of datagrams, received and sent in one piece.
 */
#include "floor.h"
#include "floor_answer.h"

int
floor_open(struct bench_endpoint *endpoint)
{
	return bench_udp_bind(endpoint);
}

_Noreturn void
floor_run(int fd, const struct bench_endpoint *upstream)
{
	static const struct responder responder = { floor_answer, NULL };

	(void)upstream;
	responder_trains(&responder, fd);
}
