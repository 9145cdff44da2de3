/* Format: the documents that are not HTML. Each fills in title, text and headings. */
#ifndef WORKER_EXTRACT_FORMAT_H
#define WORKER_EXTRACT_FORMAT_H

#include "worker/extract/extract.h"

/* Text as it is; the headings of Markdown. `text`: valid UTF-8. */
void format_text(struct arena *a, struct str text, struct extract_page *out);

/* By poppler's pdftotext in a child; each page begins with a heading, anchored at page=N. */
struct err format_pdf(struct arena *a, struct str bytes, struct extract_page *out) CHECKED;

/* Office Open XML: paragraphs, headings, lists and tables of the body. */
struct err format_docx(struct arena *a, struct str bytes, struct extract_page *out) CHECKED;

#endif
