"""Slow readers, silence, and more clients than there is room for."""

import socket
import time

import pytest

from stack import wait_for

FILL = 'x' * 20_000


def test_a_slow_reader_is_cut_and_goes_on_where_it_was(start_gateway, writer):
    gateway = start_gateway(stream_buffer_kib=16)
    request = writer.request().begin()
    watcher = gateway.watch(request)
    watcher.read(most=5)
    slow = gateway.client(writer).stream(request.path, watcher.after)
    gateway.wait_open(1)

    def is_cut():
        request.say(FILL)
        return gateway.metric('slow_total') == 1

    wait_for(is_cut, 30, 'the slow reader to be cut')
    got = 0
    with slow:
        for event in slow:  # what was sent before the cut is whole, but for a last event that was cut
            watcher.take(event)
            got += 1
    assert got > 0
    request.end()
    watcher.read()
    assert watcher.text() == request.stored()


def test_a_slow_websocket_is_cut_too(start_gateway, writer):
    gateway = start_gateway(stream_buffer_kib=16)
    request = writer.request().begin()
    ws = gateway.client(writer).websocket(request.path)
    gateway.wait_open(1)

    def is_cut():
        request.say(FILL)
        return gateway.metric('slow_total') == 1

    wait_for(is_cut, 30, 'the slow reader to be cut')
    assert gateway.metric('open') == 0
    ws.close()


def test_a_slow_reader_holds_up_nobody_else(start_gateway, writer):
    gateway = start_gateway(stream_buffer_kib=16)
    request = writer.request().begin()
    slow = gateway.client(writer).stream(request.path)
    gateway.wait_open(1)
    watcher = gateway.watch(request)
    for _ in range(60):
        request.say(FILL)
    request.end()
    began = time.monotonic()
    watcher.read()
    assert watcher.text() == request.text
    assert time.monotonic() - began < 10
    slow.close()


def test_a_replay_goes_at_its_readers_pace_and_is_never_cut(start_gateway, writer):
    gateway = start_gateway(stream_buffer_kib=16)
    request = writer.request().begin()
    for _ in range(4):
        request.say(*[FILL] * 60, tell=False)
    with gateway.client(writer).stream(request.path) as stream:
        gateway.wait_open(1)
        request.end()
        assert [int(e.id) for e in stream] == list(range(request.last + 1))
    assert gateway.metric('slow_total') == 0


@pytest.mark.parametrize('path', ['/api/events', None])
def test_a_quiet_stream_is_pinged(start_gateway, writer, path):
    gateway = start_gateway(stream_ping_s=1)
    path = path or writer.request().path
    with gateway.client(writer).stream(path) as stream:
        began = time.monotonic()
        pings = (line for line in stream.lines() if line == ': ping')
        assert [next(pings) for _ in range(3)]
        assert 2 < time.monotonic() - began < 30


def test_a_quiet_websocket_is_pinged(start_gateway, writer):
    gateway = start_gateway(stream_ping_s=1)
    request = writer.request()
    ws = gateway.client(writer).websocket(request.path)
    events = iter(ws)
    next(events), next(events)
    began = time.monotonic()
    ws.ws.settimeout(15)
    opcode, _ = ws.ws.recv_data(control_frame=True)
    assert opcode == 9 and time.monotonic() - began < 15
    request.begin().end()
    assert list(events)[-1]['type'] == 'response.completed'


def test_a_busy_stream_is_not_pinged(start_gateway, writer):
    gateway = start_gateway(stream_ping_s=1)
    request = writer.request().begin()
    with gateway.client(writer).stream(request.path) as stream:
        events = iter(stream)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            request.say('x')
            next(events)
        assert stream.comments == 0


def test_more_streams_than_there_is_room_for_are_refused(start_gateway, writer):
    gateway = start_gateway(stream_max=5)
    client = gateway.client(writer)
    streams = [client.stream('/api/events') for _ in range(5)]
    refused = client.get('/api/events')
    assert refused.status == 503 and refused.headers['Retry-After'] == '1'
    streams.pop().close()

    def opens():
        stream = client.stream('/api/events')
        streams.append(stream)
        return stream.status == 200

    wait_for(opens, 10, 'room for another')
    for stream in streams:
        stream.close()


def test_systemd_hears_of_the_start_the_life_and_the_end(start_gateway, monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(10)
        systemd.bind(str(tmp_path / 'notify'))
        monkeypatch.setenv('NOTIFY_SOCKET', str(tmp_path / 'notify'))
        monkeypatch.setenv('WATCHDOG_USEC', '200000')
        gateway = start_gateway()
        assert [systemd.recv(100) for _ in range(4)] == [b'READY=1'] + 3 * [b'WATCHDOG=1']
        gateway.stop()
        assert b'STOPPING=1' in iter(lambda: systemd.recv(100), b'')


def test_a_client_that_goes_is_noticed_at_once(start_gateway, writer):
    gateway = start_gateway()
    client = gateway.client(writer)
    held = [client.stream('/api/events'), client.stream(writer.request().path)]
    ws = client.websocket('/api/events')
    gateway.wait_open(3)
    for stream in held:
        stream.close()
    ws.close()
    gateway.wait_open(0)
    wait_for(lambda: gateway.metric('topics') == 0, 10, 'its topics to be left')


def test_an_idle_gateway_uses_no_cpu(start_gateway, writer):
    gateway = start_gateway()
    closed = gateway.client(writer).stream('/api/events')
    closed.close()
    gateway.wait_open(0)
    assert used_ticks(gateway, 2) <= 1


def test_streams_that_wait_use_next_to_no_cpu(start_gateway, writer):
    gateway = start_gateway()
    client = gateway.client(writer)
    streams = [client.stream(writer.request().path) for _ in range(20)]
    ws = client.websocket('/api/events')
    gateway.wait_open(21)
    assert used_ticks(gateway, 3) <= 6
    for stream in streams:
        stream.close()
    ws.close()


def used_ticks(gateway, seconds):
    """Hundredths of a second of CPU time."""
    def used():
        with open(f'/proc/{gateway.process.pid}/stat') as stat:
            fields = stat.read().rpartition(')')[2].split()
        return int(fields[11]) + int(fields[12])
    before = used()
    time.sleep(seconds)
    return used() - before
