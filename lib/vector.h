/*
 * Vector: embeddings in one signed byte a dimension, and how alike two are. Pure.
 *
 * What a model says is scaled so that its largest number becomes 127: the
 * direction is kept, and that is all that is compared.
 */
#ifndef LIB_VECTOR_H
#define LIB_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_MAX 4096 /* dimensions */

/* False for a vector without a direction: no numbers, or all of them 0, or one not finite. */
bool vector_pack(const float *numbers, size_t n, int8_t *out);

/* The cosine of the angle between two of n dimensions: -1 to 1; 0 when one has no direction. */
double vector_alike(const int8_t *a, const int8_t *b, size_t n);

#endif
