/* pages_options.h: options of commands with statements that may have additional pages. */
#ifndef CLI_PAGES_OPTIONS_H
#define CLI_PAGES_OPTIONS_H

#include "book/pages.h"
#include "cli/values.h"

/* Rows for a command's own table; `settings` is the offset of a struct pages_settings in it. */
#define PAGES_OPTIONS(own, settings)                                                                                   \
	{"versus-estimate", 0, "FILE", "also compare with the GPU's peaks: [NAME=]FILE describes the model, or fleet", 0, value_list, \
	 offsetof(struct own, settings.versus), NULL, false},                                                              \
	{"energy", 0, NULL, "also show energy and its cost, by phase and tenant", 0, value_flag,           \
	 offsetof(struct own, settings.energy), NULL, false},                                                              \
	{"grid", 0, "GRAMS|FILE", "also show CO2: grams per kWh, or a CSV of instants and grams", 0, value_text,            \
	 offsetof(struct own, settings.grid), NULL, true}

#endif
