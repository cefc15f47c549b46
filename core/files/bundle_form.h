/* bundle_form.h: shared by the writer and the reader of a bundle. */
#ifndef CORE_BUNDLE_FORM_H
#define CORE_BUNDLE_FORM_H

#include "core/files/bundle.h"

/* 1 MiB: memory that a reader of a frame needs. */
#define BUNDLE_WINDOW_LOG 20
#define BUNDLE_MAGIC "tollbndl"
#define BUNDLE_NUMBER 20
#define BUNDLE_NUMBER_FORM "%020lld"

/* The last bytes of a file. Numbers are decimal digits; the hash, hex, is over both and the index. */
struct bundle_tail {
	char notes_at[BUNDLE_NUMBER], index_at[BUNDLE_NUMBER];
	char hash[64];
	char magic[8];
};

#endif
