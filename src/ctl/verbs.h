/* SPDX-License-Identifier: ISC
 *
 * verbs.h - syntax and help text of the verbs.
 *
 * Layer    ctl, private
 * Threads  one
 * Memory   none
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * Check the number of arguments of a verb. false: a message is on stderr. An unknown verb passes,
 * since the server may be newer and know it.
 */
bool ctl_verb_check(char *const words[]);

void ctl_print_usage(FILE *out);
void ctl_print_help(FILE *out);
