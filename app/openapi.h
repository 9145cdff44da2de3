/* Openapi: app/openapi.json, compiled in. */
#ifndef APP_OPENAPI_H
#define APP_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_text[];
extern const size_t openapi_len;

#endif
