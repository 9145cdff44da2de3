"""What streams withstand: no notifications, a database that goes away, restarts of the gateway."""

import signal
import threading
import time

import pytest

from gateway import Cluster, Gateway, Scribe, in_background
from stack import wait_for

LATE_S = 15 # a poll comes within a second or so, and without one nothing ever


@pytest.fixture
def own_cluster():
    """A database that a test may crash."""
    cluster = Cluster()
    yield cluster
    cluster.close()


def write(request, words, pause=0.01, tell=True):
    request.begin(tell=tell)
    for n in range(words):
        request.say(f'word {n} ', tell=tell)
        time.sleep(pause)
    request.end(tell=tell)


def test_with_notifications_off_events_still_come(start_gateway, writer):
    gateway = start_gateway(notify='off')
    assert gateway.metric('database_listening') == 0
    request = writer.request()
    watcher = gateway.watch(request)
    writing = threading.Thread(target=write, args=(request, 50, 0.02, False))
    writing.start()
    watcher.read()
    writing.join()
    assert watcher.text() == request.stored()
    with gateway.client(writer).stream('/api/events') as stream:
        writer.note('chat', tell=False)
        began = time.monotonic()
        assert next(iter(stream)).name == 'chat'
        assert time.monotonic() - began < LATE_S


def test_a_notification_that_is_lost_costs_at_most_a_poll(gateway, writer):
    request = writer.request()
    with gateway.client(writer).stream(request.path) as stream:
        events = iter(stream)
        next(events), next(events)
        began = time.monotonic()
        request.begin(tell=False)
        assert next(events).name == 'response.in_progress'
        assert time.monotonic() - began < LATE_S


def test_a_notification_for_everybody_reaches_everybody(gateway, writer, scribe):
    requests = [scribe.user().request() for _ in range(5)]
    streams = [gateway.client(r.user).stream(r.path) for r in requests]
    for request in requests:
        request.begin(tell=False)
    scribe.sql("select pg_notify('event', '')")
    for stream in streams:
        with stream:
            assert any(e.name == 'response.in_progress' for e, _ in zip(stream, range(3)))


def test_streams_outlive_a_crash_of_the_database_and_go_on_by_themselves(own_cluster):
    gateway, scribe = Gateway(own_cluster, stream_ping_s=1), Scribe(own_cluster)
    user = scribe.user()
    request = user.request().begin().say('before ')
    with gateway.client(user).stream(request.path) as stream, gateway.client(user).stream('/api/events') as feed:
        events = iter(stream)
        while next(events).json['type'] != 'response.output_text.delta':
            continue
        own_cluster.crash()
        wait_for(lambda: gateway.metric('database_up') == 0, 10, 'the loss to be noticed')
        refused = gateway.client(user).get(request.path)
        assert refused.status == 503 and refused.headers['Retry-After'] == '1'
        own_cluster.start()
        scribe = Scribe(own_cluster)
        request.scribe = user.scribe = scribe
        request.say('after').end()
        user.note('chat')
        rest = list(events)
        assert rest[0].json['delta'] == 'after'
        assert rest[-1].name == 'response.completed' and int(rest[-1].id) == request.last
        assert next(iter(feed)).name == 'chat'
    assert gateway.metric('database_connects_total') == 2
    assert gateway.metric('database_listening') == 1
    scribe.close()
    gateway.close()


def test_a_connection_that_is_killed_is_made_again_and_listens_again(start_gateway, writer):
    gateway = start_gateway()
    with gateway.client(writer).stream(writer.request().path) as stream:
        gateway.wait_open(1)
        for n in range(5):
            writer.scribe.sql("select pg_terminate_backend(pid) from pg_stat_activity"
                              " where application_name = 'offstage-stream'")
            reply = gateway.client(writer).get('/api/requests/01890000-0000-7000-8000-000000000000/stream')
            assert reply.status in (404, 503)
            wait_for(lambda: gateway.metric('database_connects_total') == n + 2, 10, 'the connection')
        began = time.monotonic()
        writer.revoke()  # which is heard of, or else noticed much later
        list(stream)
        assert time.monotonic() - began < 5


def test_a_gateway_that_starts_without_a_database_waits_for_it(own_cluster):
    own_cluster.crash()
    gateway = Gateway(own_cluster)
    assert gateway.client().get('/healthz').status == 200
    own_cluster.start()
    scribe = Scribe(own_cluster)
    user = scribe.user()
    wait_for(lambda: gateway.client(user).get('/api/requests/01890000-0000-7000-8000-000000000000/stream').status == 404,
             10, 'the database to be used')
    scribe.close()
    gateway.close()


def test_a_database_of_another_schema_stops_the_start_by_name(own_cluster):
    scribe = Scribe(own_cluster)
    scribe.sql('alter table feed_events rename column seq to number')
    with pytest.raises(AssertionError, match=r'feed_\w+: column'):
        Gateway(own_cluster)
    scribe.close()


def test_at_its_end_the_gateway_closes_streams_so_that_clients_come_back(start_gateway, writer):
    gateway = start_gateway()
    request = writer.request().begin()
    stream = gateway.client(writer).stream(request.path)
    ws = gateway.client(writer).websocket(request.path)
    texts = in_background(list, ws)
    held = gateway.client(writer).connect()
    held.request('GET', f'/api/requests/{request.id}?wait=50', headers=gateway.client(writer).headers())
    gateway.wait_open(3)
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < 5
    assert not any(e.name == 'response.completed' for e in stream)
    assert all(e['type'] != 'response.completed' for e in texts()) and ws.code == 1012
    assert held.getresponse().headers['X-Accel-Redirect'] == f'/_app/api/requests/{request.id}'


def test_a_client_that_sends_no_request_does_not_hold_up_the_end(start_gateway):
    gateway = start_gateway()
    with gateway.client().dial():
        began = time.monotonic()
        assert gateway.stop() == 0
        assert time.monotonic() - began < 5


@pytest.mark.parametrize('sig', [signal.SIGTERM, signal.SIGKILL])
def test_watchers_go_on_over_restarts_of_the_gateway(start_gateway, writer, sig):
    gateway = start_gateway()
    request = writer.request()
    watchers = [gateway.watch(request) for _ in range(5)]
    reading = [threading.Thread(target=w.read, daemon=True) for w in watchers]
    writing = threading.Thread(target=write, args=(request, 100), daemon=True)
    for thread in (*reading, writing):
        thread.start()
    for _ in range(4):
        gateway.stop(sig)
        gateway.start()
    for thread in (*reading, writing):
        thread.join(60)
    for watcher in watchers:
        assert watcher.text() == request.stored()


def test_a_new_gateway_takes_the_door_over_while_the_old_one_ends(start_gateway, writer):
    gateway = start_gateway()
    old = gateway.process
    stream = gateway.client(writer).stream('/api/events')
    assert stream.status == 200
    gateway.start()
    old.send_signal(signal.SIGTERM)
    assert old.wait(20) == 0
    assert list(stream) == []
    assert gateway.socket.exists()
    with gateway.client(writer).stream('/api/events') as again:
        assert again.status == 200


def test_the_stream_of_a_request_that_is_deleted_ends_and_is_not_found_again(start_gateway, writer):
    gateway = start_gateway(stream_ping_s=100)
    request, other = writer.request(), writer.request()
    with gateway.client(writer).stream(request.path) as stream, gateway.client(writer).stream(other.path) as others:
        ws = gateway.client(writer).websocket(request.path)
        began = time.monotonic()
        writer.scribe.sql(f"delete from requests where id = '{request.id}'")
        assert [e.name for e in stream] == ['response.created', 'response.queued']
        assert len(list(ws)) == 2 and ws.code == 1000
        assert time.monotonic() - began < 15
        other.begin().end()
        assert [e.name for e in others][-1] == 'response.completed'
    assert gateway.client(writer).get(request.path).status == 404
