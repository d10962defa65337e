/* SPDX-License-Identifier: ISC
 *
 * heap.c - see heap.h.
 */
#include "heap.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void
heap_prepare(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 128 * 1024); /* glibc's default, fixed: it grows otherwise */
#endif
}

void
heap_give_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
