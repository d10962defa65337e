/* SPDX-License-Identifier: ISC
 *
 * inspect.h - examine a configuration without serving it.
 *
 * Layer    inspect
 * Threads  main thread
 * Memory   nothing is left when a call returns
 */
#pragma once

#include <split53/options.h>

/* --check and --explain. Print to stdout and stderr; return the exit code of the program. */
int s53_check_run(struct s53_options *options);
int s53_explain_run(struct s53_options *options);
