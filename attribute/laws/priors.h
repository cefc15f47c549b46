/* priors.h: what both laws take for likely before anything is measured. Private to attribute/laws/. */
#ifndef ATTRIBUTE_PRIORS_H
#define ATTRIBUTE_PRIORS_H

/* Proportions that hold for models and GPUs of today, some with their relative standard deviation. */
#define SEQUENCE_PART 0.4 /* a sequence: of a prompt token's time */
#define SEQUENCE_SD 2.5
#define CONTEXT_PART 8e-6 /* a token of a sequence's context: of the floor, at 8e9 parameters */
#define ATTENTION_PART 4e-5 /* a prompt token, for each token of its context: of its own time */
#define ATTENTION_SD 0.7
#define HIDDEN_PART 0.7 /* a step with prompts: the part near the ridge by which memory hides arithmetic, of the floor */
#define LEAST_FLOOR 0.05 /* what remains of the floor in any step with prompts */
#define ROOF 3.0 /* the exponent that rounds the corner at the ridge */
#define BESIDE 0.4 /* by this part sequences' attention is slower in a step with a prompt */

#endif
