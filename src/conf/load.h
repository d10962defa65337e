/* SPDX-License-Identifier: ISC
 *
 * load.h - reading a configuration whose absolute paths stand below a folder: for tests.
 *
 * Layer    conf, private
 * Threads  main thread
 * Memory   as s53_conf_load()
 */
#pragma once

#include <split53/conf.h>

/* s53_conf_load() with `root` before absolute paths of includes; messages leave it out. */
S53_MUST_USE enum s53_status conf_load_below(
    const char *root, const char *path, struct s53_diags *diags, struct s53_conf **out);
