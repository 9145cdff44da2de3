"""Serves one recorded stream as POST /v1/responses, for clients that speak to nothing else."""

import http.server
import threading


class Shim:
    """`recorded` are the bytes of an event stream as it came; `url` is the base for the SDK."""

    def __init__(self, recorded):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get('Content-Length', 0)))
                self.send_response(200 if self.path == '/v1/responses' else 404)
                self.send_header('Content-Type', 'text/event-stream')
                self.end_headers()
                self.wfile.write(recorded + b'data: [DONE]\n\n')

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d/v1' % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
