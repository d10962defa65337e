/* SPDX-License-Identifier: ISC
 *
 * resolve NAME: print the addresses that the C library's resolver finds, one a line. Built with
 * musl, statically, by test_namespace.py: a client that has nothing of glibc.
 */
#define _POSIX_C_SOURCE 200809L
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int
main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *one;
	char text[64];
	int code;

	if (argc != 2)
		return 2;
	if ((code = getaddrinfo(argv[1], NULL, &hints, &list)) != 0) {
		fprintf(stderr, "%s: %s\n", argv[1], gai_strerror(code));
		return 1;
	}
	for (one = list; one != NULL; one = one->ai_next)
		if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), NULL, 0,
			NI_NUMERICHOST) == 0)
			puts(text);
	freeaddrinfo(list);
	return 0;
}
