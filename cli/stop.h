/* stop.h: SIGTERM, SIGINT and SIGHUP end the work without leaving partial files. */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* A thread waits for the signals: no handler, and no other state. */
struct stop {
	atomic_int signal;  /* the received signal; 0: none */
	atomic_int guarded; /* files are open that must be removed first */
	atomic_bool over;   /* the work is done: the thread may end */
	sigset_t signals;
	pthread_t thread;
	bool running;
};

/* Starts the watch; SIGPIPE becomes an error of write. Ignored signals stay ignored. */
void stop_watch(struct stop *s);
void stop_unwatch(struct stop *s);

/* Was a signal received? Workers check now and then and stop. */
static inline bool stop_asked(struct stop *s) {
	return atomic_load_explicit(&s->signal, memory_order_relaxed) != 0;
}

/*
 * Between these, a signal does not end the process at once: the work has time to notice stop_asked and remove what it
 * has written.
 */
void stop_guard(struct stop *s);
void stop_unguard(struct stop *s);

#endif
