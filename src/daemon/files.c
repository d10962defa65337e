/* SPDX-License-Identifier: ISC
 *
 * files.c - checks whether the files that are written on a signal and at the end can be written.
 *
 * Without `directory` and `dump-file` the dump would go to the working directory, which may be any:
 * it is not checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <split53/replace.h>

#include "inside.h"

/* A file that is written later, and what is lost without it. */
struct later {
	const char *option; /* its option */
	const char *path; /* NULL: the file is not written */
	const char *loss;
};

/* Is `path` a file directly in `folder`? */
static bool
is_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (strncmp(path, folder, len) != 0)
		return false;
	path += len + strspn(path + len, "/");
	return strchr(path, '/') == NULL;
}

static void
check_file(const struct later *later, struct s53_diags *diags)
{
	enum s53_status status = s53_replace_check(later->path);

	if (status != S53_E_EXISTS && status != S53_E_IO)
		return;
	s53_diag_add(diags, S53_DIAG_WARNING, (struct s53_place){ 0 }, NULL,
	    "%s '%s' is not writable: %s; %s; choose another file, or make its directory writable "
	    "for the user that split53 runs as",
	    later->option, later->path,
	    status == S53_E_EXISTS ? "it is not a regular file" : strerror(errno), later->loss);
}

static bool
check_directory(const char *directory, struct s53_diags *diags)
{
	if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0)
		return true;
	s53_diag_add(diags, S53_DIAG_WARNING, (struct s53_place){ 0 }, NULL,
	    "directory '%s' is not writable: %s; files with relative names (dump, cache, log) "
	    "cannot be written; create it and make it writable for the user that split53 runs as, "
	    "or choose another",
	    directory, strerror(errno));
	return false;
}

void
s53_daemon_check_files(const struct s53_snapshot *snapshot, struct s53_diags *diags)
{
	const char *directory = snapshot->directory;
	const struct later files[] = {
		{ "dump-file",
		    directory != NULL || snapshot->dump_file_written ? snapshot->dump_file : NULL,
		    "SIGUSR1 will have no effect" },
		{ "cache-file", snapshot->max_cache_octets > 0 ? snapshot->cache_file : NULL,
		    "the next start will begin with an empty cache" },
	};
	bool is_fine = directory == NULL || check_directory(directory, diags);

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].path != NULL && (is_fine || !is_in(files[i].path, directory)))
			check_file(&files[i], diags);
}
