/* usage_export.h: the CSV that OpenAI's usage dashboard exports: tokens by time, model, project, key. */
#ifndef INSPECT_USAGE_EXPORT_H
#define INSPECT_USAGE_EXPORT_H

#include "book/settings.h"

/* Is it an export of that dashboard, whatever it contains? Its columns begin with start_time and end_time. */
bool usage_export_is(const char *path);

/*
 * Hands over each row as a window; times without usage, too. ERROR_CONFIG with "file:line: what, expected what" for
 * exports without tokens by model: an export of costs, of images or audio, or one that was not grouped by model.
 */
int usage_export_read(const char *path, record_sink *sink, void *context, struct fault *why);

#endif
