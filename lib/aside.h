/*
 * Aside: work that takes a core for a while, done so that others come first.
 * It gets what they leave of the cores, so that answers which take a
 * millisecond do not wait behind it.
 */
#ifndef LIB_ASIDE_H
#define LIB_ASIDE_H

/* Run work(arg) on a thread of low priority, and return when it has ended. */
void aside_run(void (*work)(void *arg), void *arg);

#endif
