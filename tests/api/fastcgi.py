"""offstage-app by itself, spoken to over FastCGI: what nginx would smooth over, and processes' lives."""

import http.client
import io
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile

import stack as stack_module

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def record(kind, content):
    return struct.pack('!BBHHBB', 1, kind, 1, len(content), 0, 0) + content


def stream(kind, content):
    parts = [content[i:i + 65535] for i in range(0, len(content), 65535)]
    return b''.join(record(kind, part) for part in parts) + record(kind, b'')


def pair(name, value):
    name, value = name.encode('latin-1'), value.encode('latin-1')
    length = lambda n: struct.pack('!B', n) if n < 128 else struct.pack('!I', n | 1 << 31)
    return length(len(name)) + length(len(value)) + name + value


class Reply:
    def __init__(self, output):
        head, _, self.body = output.partition(b'\r\n\r\n')
        self.headers = http.client.parse_headers(io.BytesIO(head + b'\r\n\r\n'))
        self.status = int(self.headers['Status'].split()[0])

    @property
    def json(self):
        return json.loads(self.body)


class App:
    """offstage-app with settings of its own (None: as it comes), on the database of a stack."""

    def __init__(self, stack, database='offstage', listener=None, programs=None, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix='offstage-app-')
        self.path = self.folder.name + '/app.sock'
        self.log = open(self.folder.name + '/log', 'w+')
        self.listener = listener
        settings = {'user_requests_per_minute': 0, 'user_tokens_per_day': 0, **settings}
        environment = {**stack_module.bare_environment(), 'OFFSTAGE_APP_SOCKET': self.path, 'OFFSTAGE_APP_PROCESSES': '2',
                       'OFFSTAGE_DATABASE_URL': f'host={stack.run} dbname={database} user=postgres',
                       **{'OFFSTAGE_' + name.upper(): str(value) for name, value in settings.items() if value is not None}}
        command = [f'{programs or stack_module.build()}/offstage-app']
        if listener:
            self.path = listener.getsockname()
            # systemd's way: the socket is descriptor 3, and the process is told so by its own id.
            command = ['/bin/bash', '-c', f'exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0"', *command]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=self.log,
                                        pass_fds=[listener.fileno()] if listener else [])
        stack_module.wait_for(self.answers, 20, 'the app to answer')

    def answers(self):
        assert self.process.poll() is None, self.read_log()
        try:
            return self.call('GET', '/healthz').status == 200
        except (OSError, EOFError):
            return False

    def read_log(self):
        return pathlib.Path(self.log.name).read_text()

    def children(self):
        return stack_module.children(self.process.pid)

    def open(self, method, uri, headers=(), key=None, body=b'', **more):
        """Send a request's records; the open connection."""
        names = {'REQUEST_METHOD': method, 'REQUEST_URI': uri, 'REMOTE_ADDR': '192.0.2.7', 'CONTENT_LENGTH': str(len(body)), **more}
        if body:
            names.setdefault('CONTENT_TYPE', 'application/json')
        if key:
            names['HTTP_AUTHORIZATION'] = 'Bearer ' + key
        for name, value in dict(headers).items():
            names['HTTP_' + name.upper().replace('-', '_')] = value
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(30)
        connection.connect(self.path)
        connection.sendall(record(BEGIN, struct.pack('!HB5x', 1, 0)) +
                           stream(PARAMS, b''.join(pair(k, v) for k, v in names.items())))
        return connection

    def call(self, method, uri, headers=(), key=None, body=None, **more):
        data = b'' if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        with self.open(method, uri, headers, key, data, **more) as connection:
            connection.sendall(stream(STDIN, data))
            return read(connection)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Its exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.log.close()
        self.folder.cleanup()
        return status


def read(connection):
    """The reply of an open connection. EOFError when it was cut."""
    output = b''
    while True:
        head = exactly(connection, 8)
        _, kind, _, length, padding, _ = struct.unpack('!BBHHBB', head)
        content = exactly(connection, length + padding)[:length]
        if kind == STDOUT:
            output += content
        if kind == END:
            return Reply(output)


def exactly(connection, length):
    data = b''
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data
