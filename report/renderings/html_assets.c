/* The page's style sheet and script, as they stand in page.css and page.js. */
#include "report/renderings/html.h"

/* Paths are from the root of the tree, where make runs. */
#define EMBED(name, path)                                                                                              \
	__asm__(".section .rodata\n.global " #name "\n.hidden " #name "\n" #name ":\n.incbin \"" path                  \
		"\"\n.byte 0\n.previous\n")

EMBED(html_style, "report/renderings/page.css");
EMBED(html_script, "report/renderings/page.js");
