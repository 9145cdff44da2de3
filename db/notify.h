/*
 * Notify: the channels of LISTEN/NOTIFY. A notification is a hint that costs
 * at most a poll interval when lost: its payload is a name or ids, never data.
 *
 *   job            a queue has work; payload: queue name
 *   worker         a lease number, sent when one of that worker's jobs is to be cancelled
 *   event          responses have new events; payload: request ids, comma
 *                  separated, or "" for "look at all"
 *   feed           users' feeds that are watched have new events; payload: user ids, or ""
 *   session        credentials were revoked: check them all
 */
#ifndef DB_NOTIFY_H
#define DB_NOTIFY_H

#define NOTIFY_JOB     "job"
#define NOTIFY_WORKER  "worker"
#define NOTIFY_EVENT   "event"
#define NOTIFY_FEED    "feed"
#define NOTIFY_SESSION "session"

#define NOTIFY_IDS_MAX 200 /* ids in one payload: 8,000 bytes is PostgreSQL's limit */

#endif
