#include "cli/stop.h"

#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"

/* How long the work may take to notice, before the process is ended. */
#define GRACE_MS 10000
#define STEP_MS 10

static const int watched[] = {SIGTERM, SIGINT, SIGHUP};

static void leave(void) {
	static const char sentence[] = "\ntollbook: stopped by a signal\n";

	if (write(STDERR_FILENO, sentence, sizeof sentence - 1) < 0) {
		_exit(EXIT_FAILED); /* no thread to notify */
	}
	_exit(EXIT_FAILED);
}

static void *wait_for_signals(void *stop) {
	struct stop *s = stop;
	int signal;

	if (sigwait(&s->signals, &signal) != 0 || s->over) {
		return NULL;
	}
	/*
	 * The worker reports the result: the process ends itself, and is ended here only if that takes too long.
	 */
	bool works = s->guarded > 0;
	s->signal = signal;
	for (int ms = 0; works && ms < GRACE_MS; ms += STEP_MS) {
		nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
		if (s->over) {
			return NULL;
		}
	}
	leave();
	return NULL;
}

/* A signal that the thread waits for; 0 if there is none. */
static int first_watched(const struct stop *s) {
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
		if (sigismember(&s->signals, watched[i]) == 1) {
			return watched[i];
		}
	}
	return 0;
}

void stop_watch(struct stop *s) {
	struct sigaction old, ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL); /* a limit of file size fails the write, which is reported */
	sigemptyset(&s->signals);
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
		/* A blocked signal stays pending even if it is ignored: nohup must keep working. */
		if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
			sigaddset(&s->signals, watched[i]);
		}
	}
	if (first_watched(s) == 0) {
		return;
	}
	sigset_t before;
	pthread_sigmask(SIG_BLOCK, &s->signals, &before);
	s->over = false;
	s->running = pthread_create(&s->thread, NULL, wait_for_signals, s) == 0;
	if (!s->running) {
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
}

void stop_unwatch(struct stop *s) {
	if (!s->running) {
		return;
	}
	s->over = true;
	pthread_kill(s->thread, first_watched(s));
	pthread_join(s->thread, NULL);
	s->running = false;
}

void stop_guard(struct stop *s) {
	s->guarded++;
}

void stop_unguard(struct stop *s) {
	s->guarded--;
}
