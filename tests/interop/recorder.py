"""A TCP relay in front of a model server that keeps every byte of both directions.

It knows nothing of HTTP while it relays, so what the worker meets is the real server; the
record is read afterwards.
"""

import http.client
import io
import json
import socket
import threading


class Unclosed(io.BytesIO):
    """http.client closes what it read a reply from; the next reply follows in the same bytes."""

    def close(self):
        pass


class Bytes:
    """Recorded bytes where http.client expects a socket."""

    def __init__(self, data):
        self.file = Unclosed(data)

    def makefile(self, *_):
        return self.file


class Exchange:
    """One request and what the server answered, as far as it came."""

    def __init__(self, path, request, status, body):
        self.path, self.request, self.status, self.body = path, request, status, body

    def chunks(self):
        """The JSON of each event. One that was cut by the end of the record is left out."""
        for block in self.body.decode(errors='replace').replace('\r\n', '\n').split('\n\n')[:-1]:
            data = block.removeprefix('data: ')
            if data != '[DONE]':
                yield json.loads(data)

    def text(self):
        """The answer, joined from the server's own pieces."""
        return ''.join(choice['delta'].get('content') or ''
                       for chunk in self.chunks() for choice in chunk['choices'])

    def usage(self):
        return [chunk['usage'] for chunk in self.chunks() if chunk.get('usage')][-1]


def read_requests(data):
    """(path, JSON) of each request in what a client sent over one connection."""
    file = io.BytesIO(data)
    while line := file.readline():
        path = line.split()[1].decode()
        headers = http.client.parse_headers(file)
        body = file.read(int(headers.get('Content-Length') or 0))
        yield path, json.loads(body) if body else None


def read_replies(data):
    source = Bytes(data)
    while source.file.tell() < len(data):
        reply = http.client.HTTPResponse(source)
        reply.begin()
        try:
            body = reply.read()
        except http.client.IncompleteRead as cut:
            body = cut.partial
        yield reply.status, body


class Recorder:
    """Listens at `url` and relays to the server at `target`, a (host, port)."""

    def __init__(self, target):
        self.target = target
        self.records = []
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.url = 'http://127.0.0.1:%d' % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            sent, got = bytearray(), bytearray()
            self.records.append((sent, got))
            for source, sink, record in ((client, server, sent), (server, client, got)):
                threading.Thread(target=self.relay, args=(source, sink, record), daemon=True).start()

    @staticmethod
    def relay(source, sink, record):
        """Until one side ends; then both directions end, as they would without a relay between."""
        try:
            while data := source.recv(65536):
                record += data
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def exchanges(self, path='/v1/chat/completions'):
        """All so far, by connection; one without a reply yet has status None."""
        found = []
        for sent, got in list(self.records):
            replies = list(read_replies(bytes(got))) if got else []
            for i, (where, request) in enumerate(read_requests(bytes(sent))):
                status, body = replies[i] if i < len(replies) else (None, b'')
                if where == path:
                    found.append(Exchange(where, request, status, body))
        return found

    def answer_to(self, words):
        """The one exchange whose last message holds `words`."""
        found = [e for e in self.exchanges() if words in e.request['messages'][-1]['content']]
        assert len(found) == 1, f'{len(found)} requests with {words!r}'
        return found[0]

    def close(self):
        self.listener.close()
