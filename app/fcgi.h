/*
 * Fcgi: one process's life as a FastCGI responder: accepts, reads, has each
 * request answered and writes the reply. One request at a time.
 */
#ifndef APP_FCGI_H
#define APP_FCGI_H

struct app;

/*
 * Serve the listening, non-blocking socket until SIGTERM or SIGINT; the
 * request at hand is finished first. Other processes may serve the same
 * socket. Returns the exit status of the process.
 */
int fcgi_serve(int listen_fd, const struct app *app);

#endif
