/* SPDX-License-Identifier: ISC
 *
 * upstream_json.h - the state of an upstream server as JSON.
 *
 * Layer    control, private
 * Threads  main thread
 * Memory   the caller owns the object
 */
#pragma once

#include <split53/health.h>

struct json_object;

struct json_object *upstream_json(const struct s53_upstream_report *report, uint64_t now_ms);
