/*
 * sandbox.h: the process confines itself before it reads logs, so that an error in a parser cannot be used to open
 * other files, to connect anywhere or to run programs. The only place with these system calls: on other systems it
 * does nothing.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include "core/terminal.h"

/* What the kernel supports. */
struct sandbox_support {
	int landlock; /* version of its interface; 0: none */
	bool seccomp;
};
struct sandbox_support sandbox_support(void);

/*
 * Confines the process to paths (NULL or missing ones are skipped): the calling thread, and all threads if the
 * kernel supports it: files by Landlock, other system calls (programs, sockets, other processes) by seccomp.
 * Irrevocable. What the kernel does not support is left out. Landlock does not apply to existing threads: call it
 * before they are created.
 */
void sandbox_enter(const struct terminal_paths *s);

#endif
