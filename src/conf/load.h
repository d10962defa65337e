/* SPDX-License-Identifier: ISC
 *
 * load.h - read a configuration with absolute paths below a directory: for tests.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   as s53_conf_load()
 */
#pragma once

#include <split53/conf.h>

/* s53_conf_load() with `root` before absolute paths of includes; messages omit it. */
S53_MUST_USE enum s53_status conf_load_below(
    const char *root, const char *path, struct s53_diags *diags, struct s53_conf **out);
