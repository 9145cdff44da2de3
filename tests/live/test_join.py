"""Watchers of one response, from whenever they join."""

import json

import pytest

from gateway import in_background


def read_all(stream):
    with stream:
        return [(e.name, e.id, e.data) for e in stream]


def test_who_watches_from_the_start_gets_every_event_as_it_is_written(gateway, writer):
    request = writer.request()
    with gateway.client(writer).stream(request.path) as stream:
        assert stream.status == 200
        events = iter(stream)
        assert [next(events).name for _ in range(2)] == ['response.created', 'response.queued']
        request.begin()
        assert [next(events).name for _ in range(3)] == [
            'response.in_progress', 'response.output_item.added', 'response.content_part.added']
        for word in ('one ', 'two ', 'three'):
            request.say(word)
            assert next(events).json['delta'] == word
        request.end()
        rest = list(events)
        assert rest[-1].name == 'response.completed'
        assert [int(e.id) for e in rest] == list(range(request.last - 3, request.last + 1))


def test_who_joins_in_the_middle_gets_the_whole_and_then_what_follows(gateway, writer):
    request = writer.request().begin().say('before ', 'them ')
    watcher = gateway.watch(request)
    watcher.read(most=7)
    request.say('after').end()
    watcher.read()
    assert watcher.text() == 'before them after' == request.stored()


def test_who_joins_after_the_end_gets_a_replay_and_the_stream_closes(gateway, writer):
    request = writer.request().begin().say('all of it').end()
    events = read_all(gateway.client(writer).stream(request.path))
    assert [int(id) for _, id, _ in events] == list(range(request.last + 1))
    assert events[-1][0] == 'response.completed'


def test_a_hundred_watchers_who_join_at_different_times_get_the_same_bytes(gateway, writer):
    request = writer.request().begin()
    reads = []
    for n in range(100):
        reads.append(in_background(read_all, gateway.client(writer).stream(request.path)))
        if n % 10 == 0:
            request.say(f'{n} ')
    request.end()
    first, *others = [join() for join in reads]
    assert len(first) == request.last + 1
    assert all(other == first for other in others)


def test_a_websocket_gets_the_same_events_as_an_event_stream(gateway, writer):
    request = writer.request().begin()
    sse = in_background(read_all, gateway.client(writer).stream(request.path))
    ws = gateway.client(writer).websocket(request.path)
    texts = in_background(list, ws)
    for n in range(50):
        request.say(f'word{n} ')
    request.end()
    events = texts()
    assert [e['sequence_number'] for e in events] == list(range(request.last + 1))
    assert events == [json.loads(data) for _, _, data in sse()]
    assert ws.code == 1000


def test_a_replay_of_thousands_of_events_misses_none(gateway, writer):
    request = writer.request().begin()
    for n in range(0, 3000, 500):
        request.say(*(f'{i} ' for i in range(n, n + 500)), tell=False)
    join = in_background(read_all, gateway.client(writer).stream(request.path))
    request.say('last').end()
    assert [int(id) for _, id, _ in join()] == list(range(request.last + 1))


def test_a_long_answer_arrives_whole(gateway, writer):
    request = writer.request().begin().say(*('x' * 100_000 for _ in range(20))).end()
    watcher = gateway.watch(request)
    watcher.read()
    assert watcher.text() == request.text
    assert watcher.terminal['response']['output'][0]['content'][0]['text'] == request.text


def test_the_head_says_that_nothing_may_keep_or_change_the_stream(gateway, writer):
    with gateway.client(writer).stream(writer.request().path, headers={'X-Request-Id': 'asked-17'}) as stream:
        assert stream.headers['Content-Type'] == 'text/event-stream; charset=utf-8'
        assert stream.headers['Cache-Control'] == 'no-cache, no-transform'
        assert stream.headers['X-Accel-Buffering'] == 'no'
        assert stream.headers['X-Request-Id'] == 'asked-17'
        assert next(stream.lines()) == 'retry: 1000'


@pytest.mark.parametrize('text', ['ünïcödé 🐘', 'line\nbreak\r\n\r\nend', '\u2028 \u2029 </script>', '{"json": "inside"}'])
def test_every_character_of_a_text_arrives_as_it_was_written(gateway, writer, text):
    request = writer.request().begin().say(text).end()
    watcher = gateway.watch(request)
    watcher.read()
    assert watcher.text() == text
