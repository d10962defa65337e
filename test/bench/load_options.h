/* SPDX-License-Identifier: ISC
 *
 * load_options.h - the command line of bench_load.
 */
#pragma once

#include "load.h"

/* Ends the program on an error. */
void load_options_read(struct load_options *options, int argc, char **argv);
