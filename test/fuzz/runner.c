/* SPDX-License-Identifier: ISC
 *
 * runner.c - main() of a fuzz target without libFuzzer: runs a corpus.
 *
 *	fuzz_NAME DIRECTORY|FILE...
 *
 * Each file is used whole, truncated at each length, and with random bytes changed (the same in
 * each run), until all of that is done or the time for changes is over. An input that ends the
 * program, or that takes longer than HANG_S, is saved as crash-NAME in the current directory.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CUTS_MAX 1024 /* lengths tried of one file; a longer file is cut in larger steps */
#define CHANGES 2000 /* changed copies of one file */
#define CHANGES_MS 4000 /* for cut and changed copies of all files together */
#define FILE_MAX ((size_t)1024 * 1024)
#define HANG_S 20

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const char *crash_name;
static const uint8_t *volatile now_octets; /* the current input */
static volatile size_t now_len;
static uint64_t random_state = UINT64_C(0x5353535353535353);
static unsigned long runs;

/* xorshift64*: repeatable, and not part of the code under test. */
static uint64_t
random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t
cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Called while the program dies: only async-signal-safe functions such as write(2). */
static void
crash_save(void)
{
	int fd;

	if (now_len == 0) /* between two inputs, or at the end: of a leak */
		return;
	fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return;
	if (write(fd, (const void *)now_octets, now_len) == (ssize_t)now_len)
		(void)!write(STDERR_FILENO, "input left as crash-*\n", 22);
	close(fd);
}

static void
on_signal(int number)
{
	crash_save();
	signal(number, SIG_DFL);
	raise(number);
}

/* In a block of exactly its size, so that a sanitizer detects each access beyond its end. */
static void
run_one(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		exit(2);
	memcpy(copy, octets, len);
	now_octets = copy;
	now_len = len;
	alarm(HANG_S);
	LLVMFuzzerTestOneInput(copy, len);
	alarm(0);
	now_len = 0;
	free(copy);
	runs++;
}

static void
run_cuts(const uint8_t *octets, size_t len)
{
	size_t step = len / CUTS_MAX + 1;

	for (size_t cut = 0; cut < len && cpu_ms() < CHANGES_MS; cut += step)
		run_one(octets, cut);
}

static void
run_changes(const uint8_t *octets, size_t len)
{
	uint8_t *changed = malloc(len > 0 ? len : 1);

	if (changed == NULL)
		exit(2);
	for (unsigned i = 0; i < CHANGES && len > 0 && cpu_ms() < CHANGES_MS; i++) {
		memcpy(changed, octets, len);
		for (uint64_t count = random_next() % 4 + 1; count > 0; count--)
			changed[random_next() % len] = (uint8_t)random_next();
		run_one(changed, len);
	}
	free(changed);
}

static bool
run_file(const char *path)
{
	uint8_t *octets = malloc(FILE_MAX);
	FILE *file = fopen(path, "rbe");
	size_t len;

	if (octets == NULL || file == NULL) {
		perror(path);
		free(octets);
		if (file != NULL)
			fclose(file);
		return false;
	}
	len = fread(octets, 1, FILE_MAX, file);
	fclose(file);
	run_one(octets, len);
	run_cuts(octets, len);
	run_changes(octets, len);
	free(octets);
	return true;
}

static bool
run_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	bool good = true;

	if (count < 0) {
		perror(folder);
		return false;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			good = run_file(path) && good;
		free(entries[i]);
	}
	free(entries);
	return good;
}

int
main(int argc, char **argv)
{
	static char name[256];
	const char *slash = strrchr(argv[0], '/');
	struct stat found;
	bool good = argc > 1;

	snprintf(name, sizeof(name), "crash-%s", slash != NULL ? slash + 1 : argv[0]);
	crash_name = name;
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(crash_save);
	else
		signal(SIGSEGV, on_signal);
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &found) == 0 && S_ISDIR(found.st_mode))
			good = run_folder(argv[i]) && good;
		else
			good = run_file(argv[i]) && good;
	}
	printf("%lu inputs\n", runs);
	return good && runs > 0 ? 0 : 1;
}
