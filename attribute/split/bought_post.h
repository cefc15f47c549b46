/* bought_post.h: entries of requests bought from vendors. Private to attribute/. */
#ifndef ATTRIBUTE_BOUGHT_POST_H
#define ATTRIBUTE_BOUGHT_POST_H

#include "attribute/split/accounts.h"
#include "attribute/split/hits.h"

/*
 * Posts the tokens of every bought request, without GPU time, in pools named by what the price depends on
 * (billing_print_pool). Parts of a kind of tokens with separate prices are separate entries. `unknown`: by gateway and
 * day, tokens of prompts, and those of which the log does not report how many were cached.
 */
int bought_post(struct accounts_common *common, struct evidence *e, struct hits *unknown, struct fault *why);

#endif
