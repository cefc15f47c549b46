/*
 * embedded.h: files embedded in the program unchanged, so that none need be installed; the Makefile lists them
 * (EMBEDDED).
 */
#ifndef CORE_EMBEDDED_H
#define CORE_EMBEDDED_H

#include "core/text.h"

/* With a final zero byte. */
extern const char embedded_ledger_sql[];  /* schemas/ledger.sql */
extern const char embedded_page_css[];    /* report/renderings/page/page.css */
extern const char embedded_page_js[];     /* report/renderings/page/page.js */

/* Compressed with gzip. */
extern const char embedded_genai_prices_json_gz[]; /* data/prices/genai_prices.json */
extern const size_t embedded_genai_prices_json_gz_len;
extern const char embedded_gpus_json_gz[]; /* samples/gpus.json */
extern const size_t embedded_gpus_json_gz_len;

/* The uncompressed bytes, allocated and NUL-terminated; the caller frees. */
struct text embedded_unpack(const char *packed, size_t len);

#endif
