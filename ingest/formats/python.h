/*
 * python.h: values as Python prints them (repr) in logs. Quoted strings are skipped as a whole, so that users' text
 * is never read as a field.
 */
#ifndef INGEST_FORMATS_PYTHON_H
#define INGEST_FORMATS_PYTHON_H

#include "core/text.h"

/* Removes one value from the front: up to a comma or an outer closing bracket. False: it does not end. */
bool python_next_value(struct text *t, struct text *value);

/* The value of a key of "{'key': value, …}" at its first level; false if there is none or the text is damaged. */
bool python_get(struct text dictionary, struct text key, struct text *value);

/* The bytes between the quotes of "'text'"; escapes are kept. Empty if it is not a string. */
struct text python_string(struct text value);

#endif
