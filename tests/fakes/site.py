"""A website made of a dictionary, which counts who asks for what.

pages[path] is a text (HTML), bytes, a Reply, or a function of the request that returns one of
these. What is not there is a 404. `log` holds the paths in the order in which they were asked
for, robots.txt among them; `connections` counts sockets.
"""

import http.server
import threading


class Reply:
    def __init__(self, body=b'', status=200, **headers):
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.headers = {'Content-Type': 'text/html; charset=utf-8',
                        **{name.replace('_', '-'): value for name, value in headers.items()}}


def html(body, title='A page', head=''):
    return f'<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body><main>{body}</main></body></html>'


def prose(seed, links=(), words=120):
    """A page that is unlike those of other seeds, with its links."""
    text = ' '.join(f'{seed}word{(i * 7919 + hash_of(seed)) % 9973}' for i in range(words))
    anchors = ' '.join(f'<a href="{link}">to {link}</a>' for link in links)
    return html(f'<h1>About {seed}</h1><p>{text}</p><p>{anchors}</p>', f'About {seed}')


def hash_of(text):
    return sum(ord(c) * 31 ** (i % 5) for i, c in enumerate(text))


class Site:
    def __init__(self, pages=None, address='127.0.0.1'):
        self.pages = {'/robots.txt': Reply('User-agent: *\nAllow: /\n', Content_Type='text/plain'), **(pages or {})}
        self.log, self.lock, self.connections = [], threading.Lock(), 0
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            timeout = 60

            def setup(self):
                super().setup()
                with site.lock:
                    site.connections += 1

            def do_GET(self):
                with site.lock:
                    site.log.append(self.path)
                page = site.pages.get(self.path, Reply('not here', 404))
                if callable(page):
                    page = page(self)
                if page is None:
                    return
                self.answer(page if isinstance(page, Reply) else Reply(page))

            def answer(self, reply):
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if 'Content-Length' not in reply.headers:
                    self.send_header('Content-Length', str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, address):
                pass # clients hang up in mid-answer

        self.server = Server((address, 0), Handler)
        self.url = f'http://{address}:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def asked(self, path):
        with self.lock:
            return self.log.count(path)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.stop()
