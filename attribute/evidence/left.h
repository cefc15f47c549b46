/* left.h: the requests that a join by ids left. Private to attribute/. */
#ifndef ATTRIBUTE_LEFT_H
#define ATTRIBUTE_LEFT_H

#include "attribute/evidence/evidence.h"

/* Stores their marks, sealed, in the order of tenant patches; the evidence frees them. */
void left_set(struct evidence *e, struct spool *marks);
int left_each(struct evidence *e, left_sink *sink, void *context, struct fault *why);

#endif
