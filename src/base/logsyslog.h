/* SPDX-License-Identifier: ISC
 *
 * logsyslog.h - lines to syslog, without waiting for it.
 *
 * Layer    base, private
 * Threads  the caller has taken the log's lock
 * Memory   one descriptor
 * Sources  RFC 3164 s4.1, as syslog(3) of glibc writes it
 *
 * syslog(3) is not used because it blocks while the daemon that reads /dev/log does not read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LOGSYSLOG_PATH "/dev/log"

/*
 * Connect if not connected: to be called before a chroot that makes the path unreachable. Fails
 * silently, and each line tries again.
 */
void logsyslog_open(const char *path);
void logsyslog_close(void);

/* One line; `priority` is facility | level. false: dropped; errno, EAGAIN when nothing reads. */
bool logsyslog_write(int priority, const char *text, size_t len);
