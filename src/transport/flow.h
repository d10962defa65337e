/* SPDX-License-Identifier: ISC
 *
 * flow.h - a UDP socket or TCP connection to one server, and the exchanges on it by ID.
 *
 * Layer    transport, private
 * Threads  one worker's
 * Memory   embedded in struct s53_socket and struct s53_stream; close() frees these or keeps them
 *          as spares
 * Units    ms
 * Sources  RFC 5452 s9.1 (unpredictable IDs)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <split53/list.h>

#define S53_FLOW_MAX 16384 /* exchanges on one flow: then a free ID takes 1.3 draws on average */

struct s53_endpoint;
struct s53_exchange;

struct s53_flow {
	struct s53_endpoint *endpoint;
	struct s53_link exchanges;
	unsigned count; /* of exchanges */
	unsigned holds; /* loops over it that have yet to return */
	uint32_t salt; /* spreads its IDs over the exchanger's ID table */
	bool retired; /* accepts no exchange; closes when it is empty and not held */
	uint64_t opened_ms, used_ms;
	void (*close)(struct s53_flow *flow); /* frees it; called when it is empty */
};

void s53_flow_init(struct s53_flow *flow, struct s53_endpoint *endpoint, uint64_t now_ms);
/* Give `exchange` an ID that is unique on `flow`, which has less than S53_FLOW_MAX exchanges. */
void s53_flow_add(struct s53_flow *flow, struct s53_exchange *exchange);
/* Take `exchange` off its flow, if it is on one. May close the flow. */
void s53_flow_remove(struct s53_exchange *exchange);
struct s53_exchange *s53_flow_find(const struct s53_flow *flow, uint16_t id);
void s53_flow_hold(struct s53_flow *flow);
void s53_flow_release(struct s53_flow *flow); /* may close it */
/* Accept no more exchanges; close now, or when it is empty. */
void s53_flow_retire(struct s53_flow *flow);
