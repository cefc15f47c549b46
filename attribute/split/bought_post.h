/* bought_post.h: entries of what was bought from vendors. Private to attribute/. */
#ifndef ATTRIBUTE_BOUGHT_POST_H
#define ATTRIBUTE_BOUGHT_POST_H

#include "attribute/split/accounts.h"

/*
 * Posts the tokens of every request that was bought, without GPU time, in pools named by what the price depends on
 * (billing_print_pool). The parts of a kind of tokens that have prices of their own are entries of their own.
 */
int bought_post(struct accounts_common *common, struct evidence *e, struct quality *quality, struct fault *why);

#endif
