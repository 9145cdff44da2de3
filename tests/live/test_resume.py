"""A stream that was cut anywhere goes on with no gap and no repeat."""

import os
import random
import threading

import pytest

CUTS = int(os.environ.get('OFFSTAGE_CUTS', '100'))
WORDS = ['word ', 'ünïcödé ', '🐘 ', 'a longer piece of text with several words in it ', '\n\n', '"quoted" ']


def write(request, random, events=120):
    """An answer in pieces of random size, at random moments."""
    pause = threading.Event()
    request.begin()
    while events > 0:
        n = random.randint(1, 5)
        request.say(*(random.choice(WORDS) + str(random.random()) for _ in range(n)))
        events -= n
        pause.wait(random.random() * 0.02)
    request.end()


@pytest.fixture
def chance():
    seed = int(os.environ.get('OFFSTAGE_SEED') or random.randrange(2 ** 32))
    print('OFFSTAGE_SEED =', seed)
    return random.Random(seed)


def test_cut_at_random_points_while_it_is_written_the_pieces_join_to_the_stored_text(gateway, writer, chance):
    cuts = 0
    while cuts < CUTS:
        request = writer.request()
        writing = threading.Thread(target=write, args=(request, random.Random(chance.random())))
        watcher = gateway.watch(request)
        writing.start()
        while not watcher.read(most=chance.randint(1, 12)):
            cuts += 1
        writing.join()
        assert watcher.after == request.last
        assert watcher.text() == request.stored()


def test_cut_inside_an_event_the_event_comes_again_whole(gateway, writer, chance):
    request = writer.request()
    write(request, chance, events=40)
    whole = list(gateway.client(writer).stream(request.path))
    for _ in range(CUTS // 2):
        got, after = [], None
        while not got or got[-1].name != 'response.completed':
            with gateway.client(writer).stream(request.path, after) as stream:
                cut = chance.randint(1, 4000)
                for event in stream:
                    if stream.bytes > cut:
                        break  # the rest of what came is thrown away, as a cut throws it away
                    got.append(event)
                    after = event.id
        assert [(e.id, e.data) for e in got] == [(e.id, e.data) for e in whole]


def test_each_way_to_say_where_to_go_on_means_the_same(gateway, writer):
    request = writer.request().begin().say('a', 'b', 'c').end()
    client = gateway.client(writer)
    by_header = [e.id for e in client.stream(request.path, after=4)]
    by_query = [e.id for e in client.stream(request.path + '?after=4')]
    by_socket = [str(e['sequence_number']) for e in client.websocket(request.path + '?after=4')]
    assert by_header == by_query == by_socket == [str(n) for n in range(5, request.last + 1)]


def test_a_browser_that_reconnects_to_the_same_url_goes_on_after_what_it_got_since(gateway, writer):
    request = writer.request().begin().say('a', 'b', 'c').end()
    events = list(gateway.client(writer).stream(request.path + '?after=2', after=6))
    assert int(events[0].id) == 7


@pytest.mark.parametrize('query', ['?after=', '?after=x', '?after=1.5', '?after=+1', '?after=-2', '?after=01',
                                   '?after=99999999999999999999'])
def test_a_number_that_is_none_is_refused(gateway, writer, query):
    reply = gateway.client(writer).get(writer.request().path + query)
    assert reply.status == 422
    assert reply.headers['Content-Type'] == 'application/problem+json'
    assert reply.json['status'] == 422 and reply.json['type'] == '/problems/invalid'
    assert [fault['parameter'] for fault in reply.json['errors']] == ['after']


def test_a_last_event_id_that_is_no_number_is_refused(gateway, writer):
    reply = gateway.client(writer).get(writer.request().path, headers={'Last-Event-ID': 'abc'})
    assert reply.status == 422 and [fault['parameter'] for fault in reply.json['errors']] == ['Last-Event-ID']


def test_who_has_all_of_an_answer_that_ended_is_told_not_to_come_again(gateway, writer):
    request = writer.request().begin().say('done').end()
    client = gateway.client(writer)
    assert client.get(request.path + f'?after={request.last}').status == 204
    ws = client.websocket(request.path + f'?after={request.last}')
    assert list(ws) == [] and ws.code == 1000


def test_who_is_ahead_of_the_log_waits_for_what_is_new_to_it(gateway, writer):
    request = writer.request().begin()
    with gateway.client(writer).stream(request.path, after=request.last + 2) as stream:
        request.say('known', 'known too', 'new').end()
        assert next(iter(stream)).json['delta'] == 'new'


def test_a_log_that_was_dropped_by_age_is_replayed_from_the_result(gateway, writer):
    request = writer.request().begin().say('kept in the message').end()
    writer.scribe.sql(f"delete from response_events where request_id = '{request.id}'")
    events = list(gateway.client(writer).stream(request.path))
    assert [e.name for e in events] == ['response.created', 'response.completed']
    assert int(events[-1].id) == request.last
    assert events[-1].json['response']['output'][0]['content'][0]['text'] == 'kept in the message'
    assert gateway.client(writer).get(request.path + f'?after={request.last}').status == 204
