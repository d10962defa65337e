/* SPDX-License-Identifier: ISC
 *
 * split53ctl.c - the program that controls a running split53.
 */
#include <split53/ctl.h>

int
main(int argc, char *argv[])
{
	return s53_ctl_run(argc, argv);
}
