/*
 * measure.c: the time and memory of a command.
 *
 *   measure FILE COMMAND...    appends "WALL CPU KIB" to FILE: seconds, seconds of user and system time together, and the
 *                              most memory it held. The exit status is the command's.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds_now(void) {
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_of(struct timeval t) {
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv) {
	struct rusage used;
	int status = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: measure FILE COMMAND...\n");
		return 2;
	}
	double from = seconds_now();
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	FILE *out = fopen(argv[1], "a");
	if (child < 0 || wait4(child, &status, 0, &used) < 0 || !out) {
		perror("measure");
		return 3;
	}
	fprintf(out, "%.4f %.4f %ld\n", seconds_now() - from, seconds_of(used.ru_utime) + seconds_of(used.ru_stime), used.ru_maxrss);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
