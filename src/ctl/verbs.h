/* SPDX-License-Identifier: ISC
 *
 * verbs.h - the verbs as an operator sees them: how they are written, what they do.
 *
 * Layer    ctl, private
 * Threads  one
 * Memory   none
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * Is it a verb with as many words as it takes? false: said on stderr. An unknown one is left to
 * the server, which may be a newer one.
 */
bool ctl_verb_check(char *const words[]);

void ctl_print_usage(FILE *out);
void ctl_print_help(FILE *out);
