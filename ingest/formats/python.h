/*
 * python.h: values as Python prints them (repr), of which logs hold some. Quoted strings are skipped as such, whatever
 * they hold, so that what a user wrote is never read as a field.
 */
#ifndef INGEST_FORMATS_PYTHON_H
#define INGEST_FORMATS_PYTHON_H

#include "core/text.h"

/* Takes one value off the front: up to a comma or a closing bracket that is not its own. False: it does not end. */
bool python_next_value(struct text *t, struct text *value);

/* The value of a key of "{'key': value, …}" at its first level; false if there is none or the text is damaged. */
bool python_get(struct text dictionary, struct text key, struct text *value);

/* The bytes between the quotes of "'text'"; escapes stay. Empty for what is no string. */
struct text python_string(struct text value);

#endif
