"""Lists: nothing is repeated or lost while rows arrive, and no page costs more than the first."""

import pathlib
import re
import uuid

from things import got, made, pages


def test_rows_that_arrive_repeat_nothing(user, agent):
    before = {made(user.post('/api/chats', json={'title': str(i)}))['id'] for i in range(30)}
    seen = []
    for page in pages(user, '/api/chats', 7):
        seen += [chat['id'] for chat in page]
        for _ in range(3):
            made(user.post('/api/chats', json={}))
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_rows_of_one_instant_are_told_apart(user, stack):
    ids = sorted(str(uuid.uuid4()) for _ in range(10))
    for id in ids:
        stack.sql("insert into chats (id, user_id, title, active_at) values (:'id', :'user', 'x', '2026-01-31 12:00Z')",
                  id=id, user=user.id)
    listed = [chat['id'] for page in pages(user, '/api/chats', 3) for chat in page]
    assert listed == ids[::-1]


def test_a_page_that_is_just_full_is_the_last(user):
    for _ in range(4):
        made(user.post('/api/chats', json={}))
    assert [len(page) for page in pages(user, '/api/chats', 2)] == [2, 2]
    assert got(user.get('/api/chats?limit=4'))['next_cursor'] is None


def test_a_cursor_shows_its_holder_s_rows_only(user, other):
    for _ in range(3):
        made(user.post('/api/chats', json={}))
    cursor = got(user.get('/api/chats?limit=1'))['next_cursor']
    assert got(other.get(f'/api/chats?cursor={cursor}'))['data'] == []


def test_a_far_page_reads_no_more_than_the_first(user, stack):
    """Counted in PostgreSQL's blocks, which do not depend on how busy the machine is."""
    stack.sql("""
        insert into chats (id, user_id, title, active_at)
        select gen_random_uuid(), :'user', 'x', now() - n * interval '1 s' from generate_series(1, 20000) n;
        analyze chats""", user=user.id)
    row, = stack.sql("select active_at, id from chats where user_id = :'user' order by active_at limit 1 offset 500",
                     user=user.id)
    assert blocks(stack, user, row['active_at'], row['id']) <= blocks(stack, user, None, None) + 10


def blocks(stack, user, at, id):
    """Blocks of chats and their index that the list's own query touches for a page that goes on at (at, id).

    Not those of the look-ups in requests, one a row: how deep that index is depends on what other tests ask meanwhile.
    """
    text = (pathlib.Path(__file__).parents[2] / 'db' / 'chat.sql').read_text()
    query = re.search(r'^-- name: chat_list\n(.*?);', text, re.S | re.M).group(1)
    values = f"'{user.id}', {literal(at)}, {literal(id)}, 21, 0"
    plan = stack.sql(f"""
        set role offstage_app; set plan_cache_mode = force_generic_plan; set enable_seqscan = off;
        prepare list (uuid, timestamptz, uuid, int, smallint) as {query};
        begin read only;
        \\o /dev/null
        select set_config('app.user_id', '{user.id}', true);
        execute list ({values});
        \\o
        explain (analyze, buffers, format text) execute list ({values});""")
    shown = '\n'.join(line for row in plan for line in row.values())
    assert re.search(r' on requests u .* loops=(\d+)\)', shown).group(1) == '21', shown
    read = re.search(r' using chats_user on chats c .*\n(?:.*\n)*? *Buffers: shared (?:hit=(\d+))?(?: read=(\d+))?', shown)
    return int(read.group(1) or 0) + int(read.group(2) or 0)


def literal(value):
    return 'null' if value is None else f"'{value}'"
