/*
 * sandbox.h: the process confines itself before it reads logs, so that an error in a parser cannot be used to open other
 * files, to connect anywhere or to run programs. The one place for these calls of the system: elsewhere it does nothing.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include "core/terminal.h"

/* What the kernel offers. */
struct sandbox_support {
	int landlock; /* version of its interface; 0: none */
	bool seccomp;
};
struct sandbox_support sandbox_support(void);

/*
 * Confines the process to paths, of which those that are NULL or not there are skipped: the calling thread, and all threads where the kernel can: files by Landlock, other system calls (programs,
 * sockets, other processes) by seccomp. Irrevocable. What the kernel does not offer is left out. For threads that exist
 * already Landlock does not hold: call it before they are made.
 */
void sandbox_enter(const struct terminal_paths *s);

#endif
