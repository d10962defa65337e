/* SPDX-License-Identifier: ISC
 *
 * transport.h - sockets to upstream servers and their errors, with and without an exchanger.
 *
 * Layer    transport
 * Threads  any
 * Memory   the caller owns the descriptor
 */
#pragma once

#include <split53/exchange.h>
#include <split53/upstream.h>

/*
 * A socket for `upstream`: `type` is SOCK_DGRAM or SOCK_STREAM. It does not block, is closed on
 * exec, reports ICMP errors (UDP) and is bound to the source address of the server's options with
 * a port of the kernel's choice. Not connected. -1: errno says why.
 */
int s53_transport_socket(const struct s53_upstream *upstream, int type);

/*
 * How an exchange ends after a system call has failed with `error` (errno). NO_RESOURCES: this
 * process lacks something; the server is not to blame, and a socket that is already open may do.
 */
enum s53_exchange_end s53_transport_end_of(int error);
