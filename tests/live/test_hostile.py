"""What clients may send that nobody asked for. nginx lets little of it through."""

import socket
import struct

import pytest

from stack import wait_for

HEAD = 'GET /api/events HTTP/1.1\r\nHost: localhost\r\n'


def converse(gateway, data, timeout=5):
    """Send bytes and read until the gateway closes or falls silent."""
    got = b''
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(str(gateway.socket))
        try:
            s.sendall(data)
            while piece := s.recv(65536):
                got += piece
        except (TimeoutError, ConnectionError):
            pass
    return got


def is_well(gateway, writer):
    with gateway.client(writer).stream('/api/events') as stream:
        assert stream.status == 200


@pytest.mark.parametrize('data', [
    b'\0' * 1000, b'\xff\xfe\xfd' * 300, b'GET\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n', b'\r\n\r\n', b'GET  HTTP/1.1\r\n\r\n',
    b'BREW /api/events HTTP/1.1\r\nHost: x\r\n\r\n', b'GET http://x/api/events HTTP/1.1\r\n\r\n',
    b'GET /api/events?' + b'a=' * 5000 + b' HTTP/1.1\r\n\r\n', b'GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    b'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', b'POST /api/events HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx',
    b'POST /api/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', b'GET /' + b'a' * 100_000,
    HEAD.encode() + b'X: ' + b'y' * 200_000 + b'\r\n\r\n', HEAD.encode() + b'X: y\r\n' * 5000 + b'\r\n',
    HEAD.encode() + b'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n',
    HEAD.encode() + b'Upgrade: tea\r\nConnection: Upgrade\r\n\r\n', HEAD.encode() + b'Content-Length: 5\r\n\r\nhello',
], ids=lambda data: repr(data[:40]))
def test_bytes_that_are_no_good_request_are_refused_and_harm_nobody(gateway, writer, data):
    reply = converse(gateway, data)
    assert reply == b'' or reply.split()[1] in (b'400', b'401', b'403', b'404', b'405', b'413', b'414', b'431')
    is_well(gateway, writer)


def test_a_request_behind_the_first_is_not_answered(gateway, writer):
    request = f'{HEAD}Authorization: Bearer {writer.key}\r\n\r\n'
    assert converse(gateway, (request * 3).encode(), timeout=2).count(b'HTTP/1.1 200') == 1


def test_a_head_that_never_ends_is_given_up(start_gateway, writer):
    gateway = start_gateway()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(gateway.socket))
        s.sendall(HEAD.encode())
        s.settimeout(30)
        assert s.recv(1000) == b''
    is_well(gateway, writer)


@pytest.mark.parametrize('frame', [
    b'\xff\x80\0\0\0\0',                              # reserved bits
    b'\x83\x80\0\0\0\0',                              # an unknown opcode
    b'\x81\xff' + struct.pack('>Q', 2 ** 63) + b'\0' * 4,
    b'\x89\xfe\xff\xff' + b'\0' * 4 + b'x' * 70_000,  # a ping that is too long
    b'\x00\x81\0\0\0\0x',                             # goes on with nothing
    b'\x88\x81\0\0\0\0x',                             # a close code of one byte
], ids=lambda frame: repr(frame[:6]))
def test_frames_that_break_the_protocol_end_that_websocket_only(gateway, writer, frame):
    ws = gateway.client(writer).websocket('/api/events')
    other = gateway.client(writer).websocket('/api/events?after=0')
    ws.ws.sock.sendall(frame)
    ws.ws.sock.settimeout(30)
    try:
        while ws.ws.sock.recv(1000):
            continue
    except ConnectionError:
        pass
    writer.note('chat')
    assert next(iter(other))['type'] == 'chat'
    other.close()


def test_what_a_websockets_client_says_is_not_listened_to(gateway, writer):
    ws = gateway.client(writer).websocket('/api/events')
    for _ in range(200):
        ws.ws.send('x' * 10_000)
    ws.ws.ping('still there?')
    writer.note('chat')
    events = iter(ws)
    assert next(events)['type'] == 'chat'
    ws.ws.send_close(1000)
    assert ws.ws.recv_frame().opcode == 8


def watch(gateway, request):
    """A socket on which the events of a response come."""
    s = gateway.client(timeout=30).dial()
    s.sendall(f'GET {request.path} HTTP/1.1\r\nHost: localhost\r\n'
              f'Authorization: Bearer {request.user.key}\r\n\r\n'.encode())
    assert s.recv(100_000).startswith(b'HTTP/1.1 200 ')
    return s


def rest(s):
    """All that still comes; who leaves bytes unread is reset at the end."""
    got = b''
    try:
        while piece := s.recv(100_000):
            got += piece
    except ConnectionResetError:
        pass
    return got


def test_a_client_that_floods_an_event_stream_still_gets_its_events(gateway, writer):
    request = writer.request()
    with watch(gateway, request) as s:
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                s.send(b'x' * 65536)
        s.settimeout(30)
        request.begin().end()
        assert b'\nevent: response.completed\n' in rest(s)


def test_a_client_that_says_no_more_but_listens_gets_its_events(gateway, writer):
    request = writer.request()
    with watch(gateway, request) as s:
        s.shutdown(socket.SHUT_WR)
        request.begin().end()
        assert b'\nevent: response.completed\n' in rest(s)


def test_a_thousand_that_connect_and_go_leave_nothing_behind(start_gateway, writer):
    gateway = start_gateway()
    for n in range(1000):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(gateway.socket))
            if n % 3:
                s.sendall(f'{HEAD}Authorization: Bearer {writer.key}\r\n'.encode())
            if n % 3 == 2:
                s.sendall(b'\r\n')
    gateway.wait_open(0)
    wait_for(lambda: gateway.metric('topics') == 0, 10, 'topics to be left')
    is_well(gateway, writer)
