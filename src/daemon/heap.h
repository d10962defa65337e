/* SPDX-License-Identifier: ISC
 *
 * heap.h - returns freed memory to the system.
 *
 * Layer    daemon
 * Threads  main thread
 * Memory   none
 *
 * A snapshot that replaces a large one is built while the old one is in memory, at higher addresses
 * of the heap. By itself glibc returns only the end of its heap and blocks that it has mapped, and
 * it stops mapping large blocks when the first of them is freed. So the process would keep the size
 * of both snapshots. With other C libraries these functions do nothing.
 */
#pragma once

void heap_prepare(void); /* call before any large allocation: large blocks are always mapped */
void heap_give_back(void); /* return free pages inside the heap; takes milliseconds per 100 MiB */
