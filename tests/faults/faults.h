/* faults.h: shared by the two halves of the library: calls that fail, and the effect of a power cut. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <dlfcn.h>

/* The C library's function, which ours replaces. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Notes what is on disk for good from now on: a descriptor was synced. */
void durable_sync(int fd);
/* The same: the whole file system. */
void durable_sync_all(void);
/* Begins to take note, of what is below $TOLLBOOK_DURABLE. */
void durable_start(void);
/* Makes $TOLLBOOK_DURABLE.cut: what a power cut at this time leaves of it. */
void durable_cut(void);

#endif
