/*
 * Passage_text: passages of sources as a model is shown them. They are data that
 * strangers may have written: numbered, marked off, with marks inside them
 * made harmless, and never part of the instructions. Pure.
 */
#ifndef WORKER_PASSAGE_TEXT_H
#define WORKER_PASSAGE_TEXT_H

#include <stddef.h>

struct dialect_question;
struct arena;

/* The agent's instructions, and how to treat the passages, or that there are none; "" for nothing.
 */
const char *passage_instructions(struct arena *a, const struct dialect_question *q);

/* The user's last message, with the passages before it if there are any. */
const char *passage_question(struct arena *a, const struct dialect_question *q);

#endif
