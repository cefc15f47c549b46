/* error.h: how an operation reports failure. Bad input is not an error: see quality.h. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <stdarg.h>

/* Functions that can fail return 0, or one of these (negative). */
enum error {
	ERROR_NONE = 0,
	ERROR_MEMORY = -1, /* no memory */
	ERROR_IO = -2,     /* a system call failed: read, write, open */
	ERROR_CONFIG = -3, /* a fleet, price or other configuration file, or an option, is wrong */
	ERROR_RANGE = -4,  /* a figure does not fit its type */
};

/* The exit status of the contract. */
enum exit_status {
	EXIT_TIED_OUT = 0, /* everything was read and reconciled */
	EXIT_FINDINGS = 1, /* finished, with findings */
	EXIT_USAGE = 2,    /* usage or configuration */
	EXIT_FAILED = 3,   /* could not finish */
};

/*
 * The message of a failure, written where the place is known: "file:line:column: what, expected what". Without a
 * final newline. Bytes that came from a file are already made printable.
 */
struct fault {
	char message[512];
	char next[256];     /* what to do next, a line each; "": the message is complete */
	const char *option; /* the option whose value is wrong, a literal; NULL: none */
};
/* The `option` of a fault that is about operands of the command line. */
#define FAULT_OPERAND ""
/* Of one about missing operands. */
#define FAULT_MISSING "\n"

/* Sets the message (printf), truncated to fit, and returns `code`, so that the caller can return it directly. */
int fault_set(struct fault *f, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a wrong value of an option, which a command line can point at. Returns ERROR_CONFIG. */
int fault_option(struct fault *f, const char *option, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds what to do next to a fault that is set; returns `code`. */
int fault_next(struct fault *f, int code, const char *next);

/* The exit status that belongs to a negative error code. */
enum exit_status error_exit_status(int code);

/* Reports on standard error that memory ran out, and exits with EXIT_FAILED. */
_Noreturn void die_out_of_memory(void);

/*
 * Of a large local variable of which what is read was written before: the compiler is not to zero it first, which takes
 * longer than its use.
 */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define TO_FILL __attribute__((uninitialized))
#else
#define TO_FILL
#endif

/* malloc, calloc and realloc that do not return NULL: they call die_out_of_memory. */
void *must_alloc(unsigned long bytes);
void *must_calloc(unsigned long count, unsigned long bytes);
void *must_realloc(void *old, unsigned long bytes);
/*
 * Makes room for one more element of `size` bytes: doubles the array when all *room elements are in use; it begins with
 * `first`. Returns the array, which may have moved.
 */
static inline void *must_grow(void *array, unsigned long count, unsigned long *room, unsigned long size, unsigned long first) {
	if (count < *room) {
		return array;
	}
	*room = *room > 0 ? 2 * *room : first;
	return must_realloc(array, *room * size);
}
/* The same of an array that has no field for its room: it has that of the next power of two. */
static inline void *must_grow_by_count(void *array, unsigned long count, unsigned long size) {
	return (count & (count - 1)) != 0 ? array : must_realloc(array, (count > 0 ? 2 * count : 1) * size);
}
/* The same for strdup, and vasprintf. */
char *must_copy(const char *s);
char *must_print(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif
