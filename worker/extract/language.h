/*
 * Language: which language a text is in, by its commonest words, or by its script
 * where that settles it. Used where the page does not say.
 */
#ifndef WORKER_EXTRACT_LANGUAGE_H
#define WORKER_EXTRACT_LANGUAGE_H

/* ISO 639-1, a literal; "" when it is not clear. Looks at the first LANGUAGE_BYTES. */
const char *language_guess(const char *text);

#define LANGUAGE_BYTES 20000

#endif
