/* Included before everything by the compiler's command line: unsafe functions do not compile. */
#ifndef LIB_BAN_H
#define LIB_BAN_H

/* Before the first system header: accept4(), pipe2() and the like. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat strtok strtok_r sprintf vsprintf gets
#pragma GCC poison atoi atol atoll atof localtime gmtime asctime ctime

#endif
