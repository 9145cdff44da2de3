"""A user's feed: all that happens to what is theirs, over one connection."""

import json

from gateway import Scribe
from stack import wait_for


def numbers(events):
    return [int(e.id) for e in events]


def test_a_feed_starts_now_and_says_where_that_is(gateway, writer):
    writer.note('chat', '{"id": "before"}')
    with gateway.client(writer).stream('/api/events') as stream:
        lines = stream.lines()
        assert [next(lines), next(lines)] == ['retry: 1000', 'id: 1']
        writer.note('request', '{"id": "x", "status": "queued"}')
        event = next(iter(stream))
        assert (event.name, event.id) == ('request', '2')
        assert event.json == {'type': 'request', 'sequence_number': 2, 'id': 'x', 'status': 'queued'}


def test_a_feed_goes_on_exactly_where_it_was_cut(gateway, writer):
    for n in range(10):
        writer.note('chat', f'{{"n": {n}}}')
    with gateway.client(writer).stream('/api/events', after=4) as stream:
        events = iter(stream)
        assert [int(next(events).id) for _ in range(6)] == [5, 6, 7, 8, 9, 10]
        writer.note('chat')
        assert int(next(events).id) == 11


def test_a_feed_from_zero_has_everything_that_is_kept(gateway, writer):
    for n in range(450):
        writer.note('job', f'{{"n": {n}}}', tell=False)
    with gateway.client(writer).stream('/api/events?after=0') as stream:
        events = iter(stream)
        assert [next(events).json['n'] for _ in range(450)] == list(range(450))


def test_two_connections_of_one_user_get_the_same_feed(gateway, writer):
    ws = gateway.client(writer).websocket('/api/events?after=0')
    with gateway.client(writer).stream('/api/events?after=0') as stream:
        for n in range(5):
            writer.note('crawl-progress', json.dumps({'data_source_id': 'd', 'progress': n}))
        sse, texts = iter(stream), iter(ws)
        for n in range(5):
            event = next(sse)
            assert next(texts) == event.json
            assert event.name == 'crawl-progress' and event.json['progress'] == n
    ws.close()


def test_who_is_further_behind_than_the_feed_is_kept_is_told_to_load_anew(gateway, writer):
    for _ in range(6):
        writer.note('chat')
    writer.scribe.sql(f"delete from feed_events where user_id = '{writer.id}' and seq <= 3")
    with gateway.client(writer).stream('/api/events', after=1) as stream:
        events = iter(stream)
        reset = next(events)
        assert (reset.name, reset.id) == ('reset', '6')
        assert reset.json == {'type': 'reset', 'sequence_number': 6}
        writer.note('chat')
        assert next(events).id == '7'
    with gateway.client(writer).stream('/api/events', after=3) as stream:
        assert next(iter(stream)).id == '4'


def test_who_is_ahead_of_the_feed_is_told_to_load_anew(gateway, writer):
    writer.note('chat')
    with gateway.client(writer).stream('/api/events', after=1000) as stream:
        assert (next(iter(stream)).name) == 'reset'


def test_nobody_gets_another_users_feed(gateway, writer, scribe):
    other = scribe.user()
    with gateway.client(writer).stream('/api/events?after=0') as stream:
        other.note('chat', '{"secret": 1}')
        writer.note('chat', '{"own": 1}')
        assert next(iter(stream)).json['own'] == 1


def test_a_feed_is_told_of_while_somebody_watches(gateway, writer):
    assert not writer.is_watched()
    with gateway.client(writer).stream('/api/events'):
        wait_for(writer.is_watched, 10, 'the feed to be watched')
        assert not writer.scribe.user().is_watched()
    writer.scribe.sql(f"update feeds set watched_until = now() - interval '1 ms' where user_id = '{writer.id}'")
    assert not writer.is_watched()


def test_a_feed_whose_counter_is_locked_is_watched_when_it_is_free(gateway, writer, cluster):
    writer.note('chat')
    holder = Scribe(cluster)
    holder.sql(f"begin; select from feeds where user_id = '{writer.id}' for update")
    other = writer.scribe.user()
    with gateway.client(writer).stream('/api/events?after=1') as stream, gateway.client(other).stream('/api/events'):
        wait_for(other.is_watched, 10, 'the other feed to be watched')
        assert writer.scribe.sql(f"select watched_until is null from feeds where user_id = '{writer.id}'") == ['t']
        holder.sql('commit')
        wait_for(writer.is_watched, 10, 'the feed to be watched')
        writer.note('chat')
        assert next(iter(stream)).id == '2'
    holder.close()
