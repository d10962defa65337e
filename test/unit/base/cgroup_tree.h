/* SPDX-License-Identifier: ISC
 *
 * cgroup_tree.h - a tree of control groups in a temporary directory, for the tests that read
 * limits.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct tree {
	char root[64];
	char groups[80];
};

static int
make_tree(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	strcpy(tree->root, "/tmp/s53-cgroup-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
	snprintf(tree->groups, sizeof(tree->groups), "%s/groups", tree->root);
	*state = tree;
	return 0;
}

static int
remove_tree(void **state)
{
	struct tree *tree = *state;
	char command[128];
	int code;

	snprintf(command, sizeof(command), "rm -r '%s'", tree->root);
	code = system(command);
	free(tree);
	return code;
}

/* Write `text` into root/path; missing directories are created. */
static void
put(const struct tree *tree, const char *path, const char *text)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", tree->root, path);
	for (char *slash = strchr(whole + 6, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}
