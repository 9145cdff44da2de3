"""An OpenAI-compatible /v1/embeddings whose vectors are of what texts mean, as far as MEANINGS goes.

`asked` holds the inputs of each request, `keys` their Authorization headers. Set `status` to
have it refuse, `longest` for it to refuse requests with a longer text, `silent` to have it
never answer.
"""

import http.server
import json
import re
import threading

MEANINGS = [('car', 'cars', 'automobile', 'vehicle'), ('cake', 'pastry', 'dessert'), ('physician', 'doctor', 'medic'),
            ('ocean', 'sea', 'waters')]


def vector(text):
    words = set(re.findall(r'\w+', text.lower()))
    return [float(bool(words & set(meaning))) for meaning in MEANINGS] + [0.05]


class Embedder:
    def __init__(self):
        self.asked, self.keys, self.lock = [], [], threading.Lock()
        self.status, self.longest, self.silent = 200, None, threading.Event()
        embedder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 60

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                with embedder.lock:
                    embedder.asked.append(asked['input'])
                    embedder.keys.append(self.headers.get('Authorization'))
                if embedder.silent.is_set():
                    embedder.hold.wait(30)
                    return
                self.answer(*embedder.reply(self.path, asked))

            def answer(self, status, body):
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass # clients hang up

        self.hold = threading.Event()
        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/v1'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reply(self, path, asked):
        if path != '/v1/embeddings' or not isinstance(asked['input'], list):
            return 404, {'error': {'message': 'not here'}}
        if self.status != 200:
            return self.status, {'error': {'message': 'not now'}}
        if self.longest and any(len(text) > self.longest for text in asked['input']):
            return 400, {'error': {'message': 'input is too long'}}
        data = [{'object': 'embedding', 'index': i, 'embedding': vector(text)} for i, text in enumerate(asked['input'])]
        return 200, {'object': 'list', 'model': asked['model'], 'data': data[::-1]}

    def stop(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.stop()
