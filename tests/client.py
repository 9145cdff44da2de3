"""A small HTTP and event-stream client for tests, on the standard library alone.

It fails loudly, never retries by itself and reads streams byte by byte, so that a
test can cut one wherever it likes.
"""

import http.client
import json
import socket
import ssl
import time
import urllib.parse


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'<{self.status} {self.body[:400]!r}>'


class Client:
    """Calls one instance as one caller: with an API key, a cookie, or nothing."""

    def __init__(self, url, key=None, cookie=None, timeout=30):
        self.url, self.key, self.cookie, self.timeout = urllib.parse.urlsplit(url), key, cookie, timeout

    def connect(self):
        host, port = self.url.hostname, self.url.port
        if self.url.scheme == 'https':
            context = ssl._create_unverified_context()
            return http.client.HTTPSConnection(host, port or 443, timeout=self.timeout, context=context)
        return http.client.HTTPConnection(host, port or 80, timeout=self.timeout)

    def headers(self, extra=None):
        headers = {'Accept': 'application/json'}
        if self.key:
            headers['Authorization'] = 'Bearer ' + self.key
        if self.cookie:
            headers['Cookie'] = self.cookie
        headers.update(extra or {})
        return headers

    def call(self, method, path, body=None, headers=None):
        """One request; `body` is JSON unless it is bytes."""
        sent = self.headers(headers)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault('Content-Type', 'application/json')
        connection = self.connect()
        try:
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            return Reply(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def get(self, path, **kw):
        return self.call('GET', path, **kw)

    def post(self, path, body=None, **kw):
        return self.call('POST', path, body, **kw)

    def stream(self, path, after=None, headers=None):
        """An open event stream. `after` is sent as Last-Event-ID."""
        extra = {'Accept': 'text/event-stream'}
        if after is not None:
            extra['Last-Event-ID'] = str(after)
        extra.update(headers or {})
        return Stream(self, path, self.headers(extra))

    def wait(self, request_id, timeout=60):
        """The final state of a request, by long polls that survive restarts of everything."""
        deadline = time.monotonic() + timeout
        last = None
        while time.monotonic() < deadline:
            try:
                last = self.get(f'/api/requests/{request_id}?wait=5')
                if last.status == 200 and last.json['status'] in ('completed', 'failed', 'cancelled'):
                    return last.json
                assert last.status in (200, 502, 503, 504), last
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise AssertionError(f'request {request_id} has no final state after {timeout} s: {last}')


class Event:
    def __init__(self, name, id, data):
        self.name, self.id, self.data = name, id, data

    @property
    def json(self):
        return json.loads(self.data)

    def __repr__(self):
        return f'<{self.id} {self.name} {self.data[:200]}>'


class Stream:
    """Server-sent events as they come; `status` is the reply's. Iterate, or cut with close()."""

    def __init__(self, client, path, headers):
        self.connection = client.connect()
        self.connection.request('GET', path, headers=headers)
        self.reply = self.connection.getresponse()
        self.status, self.headers = self.reply.status, self.reply.headers
        self.comments = 0
        self.bytes = 0

    def lines(self):
        while True:
            line = self.reply.readline()
            if not line:
                return
            self.bytes += len(line)
            yield line.decode().rstrip('\r\n')

    def __iter__(self):
        name, id, data = 'message', None, []
        for line in self.lines():
            if line.startswith(':'):
                self.comments += 1
            elif line.startswith('event:'):
                name = line[6:].strip()
            elif line.startswith('id:'):
                id = line[3:].strip()
            elif line.startswith('data:'):
                data.append(line[5:].removeprefix(' '))
            elif line == '' and data:
                yield Event(name, id, '\n'.join(data))
                name, id, data = 'message', None, []

    def close(self):
        """Cut the connection at once, as a pulled cable or a closed tab does."""
        try:
            if self.connection.sock:
                self.connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reply.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


TERMINAL = ('response.completed', 'response.failed', 'response.incomplete')


class Watcher:
    """Follows one response through any number of cuts and checks what it is promised.

    Sequence numbers only grow and never repeat; texts are kept per item.
    """

    def __init__(self, client, request_id):
        self.client, self.path = client, f'/api/requests/{request_id}/stream'
        self.after, self.events, self.terminal = None, [], None

    def take(self, event):
        number = int(event.id)
        assert self.after is None or number == self.after + 1, f'{number} after {self.after}'
        assert event.json['sequence_number'] == number
        assert self.terminal is None, f'{event} after the end'
        self.after = number
        self.events.append(event.json)
        if event.name in TERMINAL:
            self.terminal = event.json

    def read(self, most=None, timeout=None):
        """Read until the terminal event, or `most` events; True at the end."""
        deadline = time.monotonic() + (timeout or 60)
        while self.terminal is None and (most is None or most > 0):
            assert time.monotonic() < deadline, f'no end after {len(self.events)} events'
            try:
                with self.client.stream(self.path, self.after) as stream:
                    if stream.status == 204:
                        break
                    assert stream.status in (200, 502, 503, 504), stream.status
                    if stream.status != 200:
                        time.sleep(0.05)
                        continue
                    for event in stream:
                        self.take(event)
                        most = most - 1 if most is not None else None
                        if self.terminal or most == 0:
                            break
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        return self.terminal is not None

    def texts(self):
        """The text of each message item, by the item's id, from its deltas."""
        texts = {}
        for e in self.events:
            if e['type'] == 'response.output_item.added' and e['item']['type'] == 'message':
                texts[e['item']['id']] = ''
            elif e['type'] == 'response.output_text.delta':
                texts[e['item_id']] += e['delta']
        return texts

    def text(self):
        """The text of the last message item: the answer."""
        return list(self.texts().values() or [''])[-1]
