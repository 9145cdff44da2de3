#include "lib/vector.h"

#include <math.h>

bool
vector_pack(const float *numbers, size_t n, int8_t *out)
{
    float most = 0;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(numbers[i]))
            return false;
        most = fmaxf(most, fabsf(numbers[i]));
    }
    if (most <= 0)
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (int8_t)lrintf(numbers[i] / most * 127);
    return true;
}

double
vector_alike(const int8_t *a, const int8_t *b, size_t n)
{
    int32_t both = 0, aa = 0, bb = 0;

    for (size_t i = 0; i < n; i++) {
        both += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return aa > 0 && bb > 0 ? (double)both / sqrt((double)aa * (double)bb) : 0;
}
