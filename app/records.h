/*
 * Records: the reply to a FastCGI request, as records of the protocol
 * (FastCGI 1.0, 3.3, 5.3 and 5.5). libfcgi would copy it through a buffer of 8 KiB,
 * one write(2) for each fill, and nginx would be woken by each.
 */
#ifndef APP_RECORDS_H
#define APP_RECORDS_H

#include "lib/str.h"

#include <stdbool.h>

#define RECORDS_HEAD_MAX 32768 /* bytes */

/*
 * Send the reply's head (at most RECORDS_HEAD_MAX bytes, not none) and body, and that the
 * request is complete. False when the peer is gone, or takes nothing for as long as the socket's
 * timeout says.
 */
bool records_send(int fd, int request_id, struct str head, struct str body);

#endif
