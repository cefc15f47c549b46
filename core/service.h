/* service.h: classes of service that list prices distinguish. */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include "core/text.h"

/* The numbers are stored in ledgers and segments. OTHER: the log names a class that is none of these. */
enum service { SERVICE_STANDARD, SERVICE_BATCH, SERVICE_PRIORITY, SERVICE_FLEX, SERVICE_OTHER, SERVICES };

/* Their names in native records and statements. */
extern const struct text service_names[SERVICES];

/* The class for a word in a log; standard if there is none. */
enum service service_of(struct text word);

#endif
