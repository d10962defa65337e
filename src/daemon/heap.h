/* SPDX-License-Identifier: ISC
 *
 * heap.h - freed memory goes back to the system.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   none
 *
 * A snapshot that replaces a large one is made while that one is in memory, and so lies above it.
 * glibc by itself returns only the end of its heap and what it has mapped, and it maps large blocks
 * only until the first of them is freed. The process would keep the size of both for ever. Other
 * C libraries are left alone.
 */
#pragma once

void heap_prepare(void); /* before there is anything large: large blocks stay mappings */
void heap_give_back(void); /* free pages between those in use; takes milliseconds per 100 MiB */
