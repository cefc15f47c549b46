/* stop.h: SIGTERM, SIGINT and SIGHUP end the work so that nothing half is left behind. */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* A thread waits for the signals: no handler, and no state that is not here. */
struct stop {
	atomic_int signal;  /* the one that came; 0: none */
	atomic_int guarded; /* files are open that must be taken back first */
	atomic_bool over;   /* the work is done: let the thread go */
	sigset_t signals;
	pthread_t thread;
	bool running;
};

/* Starts the watch; SIGPIPE becomes an error of write. Signals that are ignored stay so. */
void stop_watch(struct stop *s);
void stop_unwatch(struct stop *s);

/* Has one come? Who works looks now and then and gives up. */
static inline bool stop_asked(struct stop *s) {
	return atomic_load_explicit(&s->signal, memory_order_relaxed) != 0;
}

/*
 * Between these, a signal does not end the process at once: the work is given time to
 * notice stop_asked and take back what it has written.
 */
void stop_guard(struct stop *s);
void stop_unguard(struct stop *s);

#endif
