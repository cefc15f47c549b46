/* usage_export.h: the CSV export of OpenAI's usage dashboard: tokens by time, model, project, key. */
#ifndef INSPECT_USAGE_EXPORT_H
#define INSPECT_USAGE_EXPORT_H

#include "book/settings.h"

/* Is it an export of that dashboard, whatever it contains? Its columns begin with start_time and end_time. */
bool usage_export_is(const char *path);

/*
 * Passes on each row as a window, including times without usage. ERROR_CONFIG with "file:line: what, expected what"
 * for exports without tokens by model: an export of costs, of images or audio, or one not grouped by model.
 */
int usage_export_read(const char *path, record_sink *sink, void *context, struct fault *why);

#endif
