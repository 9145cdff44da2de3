"""Lists and searches as messages become many."""

import collections
import datetime
import http.client
import os
import statistics
import time
import urllib.parse

import load
from instance import Instance

BATCH = 102_400    # messages that are put in at once: whole chats, and whole buckets of the search
LOADING_S = 3600   # that this, and making an index, may take at most
CALLS = 200        # one after another, for the cost at a size
SMALL = 10_000
LARGE = int(os.environ.get('OFFSTAGE_BENCH_MESSAGES', 200_000))
SELDOM = 'search, a word of one message in 2,500'


def measure(bench):
    """Small and large answer in turn, so that a machine that gets slower does not look like a cost of size."""
    with Instance(bench) as small, Instance(bench) as large:
        full = [(size, it, fill(it, size)) for size, it in ((SMALL, small), (LARGE, large))]
        asked = {size: questions(it, user) for size, it, user in full}
        costs = collections.defaultdict(list)
        for _ in range(CALLS):
            for size, (ask_it, paths) in asked.items():
                for name, path in paths.items():
                    start = time.monotonic()
                    reply = ask_it(path)
                    costs[name, size].append((time.monotonic() - start) * 1000)
                    assert reply['data'] or name == SELDOM, path
    for name in asked[SMALL][1]:
        ours, most = (statistics.median(costs[name, size]) for size in (SMALL, LARGE))
        bench.figures.add('size', f'{name}, at {SMALL:,} messages', ours, 'ms')
        if name == SELDOM: # the answer itself grows
            bench.figures.add('size', f'{name}, at {LARGE:,}', most, 'ms')
        else:
            bench.figures.add('size', f'{name}, at {LARGE:,} to that', most / ours, '', most=1.2)
    bench.figures.note(f'size: a tenth of {SMALL:,} and of {LARGE:,} messages are of the user who asks; '
                       'OFFSTAGE_BENCH_MESSAGES=10000000 for the whole size')


def questions(it, user):
    """What is asked of an instance: a function, and what each path is for."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(it.url).netloc, timeout=60)
    chat = load.ask(connection, user, '/api/chats')['data'][0]['id']
    return lambda path: load.ask(connection, user, path), {
        'first page of chats': '/api/chats', 'far page of chats': far(it, user),
        'page of messages': f'/api/chats/{chat}/messages', 'search, a word of one chat': '/api/search?q=porcupine',
        'search, a word of all': '/api/search?q=curtain', 'search, a word of all and one of one chat': '/api/search?q=curtain+porcupine',
        SELDOM: '/api/search?q=2500'}


def far(it, user):
    """The page in the middle of all chats, by a cursor as app/cursor.c makes it."""
    at, chat = it.sql(f"select ts(active_at) || ' ' || id from chats where user_id = '{user.id}' order by active_at desc "
                      f"offset (select count(*) / 2 from chats where user_id = '{user.id}') limit 1").split()
    since = datetime.datetime.strptime(at, '%Y-%m-%dT%H:%M:%S.%fZ') - datetime.datetime(1, 1, 1)
    return f'/api/chats?cursor={since // datetime.timedelta(microseconds=1):015x}{chat.replace("-", "")}'


def fill(it, size):
    """`size` messages in chats of 50, a tenth of them the user's, indexed as the worker does it."""
    user, other = it.users(2)
    it.sql("""
        create function bench_id(at timestamptz) returns uuid language sql as $$
            select overlay(gen_random_uuid()::text placing left(ms, 8) || '-' || right(ms, 4) || '-7' from 1 for 15)::uuid
              from lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') ms $$""")
    # These would take most of the time if they were kept up row by row.
    terms = it.sql("select pg_get_indexdef('message_words_terms'::regclass)")
    it.sql("drop index message_words_terms; alter table bucket_words drop constraint bucket_words_pkey;"
           "alter system set max_wal_size = '8GB'; select pg_reload_conf()")
    for owner, count in ((user, size // 10), (other, size - size // 10)):
        for first in range(0, count, BATCH):
            fill_some(it, owner, first, min(BATCH, count - first))
        it.sql(f"insert into search_users (user_id, messages) values ('{owner.id}', {count})")
    it.sql(f"set maintenance_work_mem = '1GB'; {terms}; "
           "alter table bucket_words add primary key (user_id, word, bucket)", LOADING_S)
    it.sql('vacuum analyze chats, messages, message_words, chat_words, bucket_words', LOADING_S)
    return user


def fill_some(it, owner, first, count):
    it.sql(f"""
        set session_replication_role = replica; -- no foreign key needs to be checked
        begin;
        create temporary table made on commit drop as
        select bench_id(at) as id, n, at
          from generate_series({first // 50} + 1, {(first + count) // 50}) n
         cross join lateral (select date_trunc('day', now()) - interval '9 days' + n * interval '1 s' as at) t;
        insert into chats (id, user_id, title, active_at) select id, '{owner.id}', 'Chat ' || n, at from made;
        insert into chat_words (chat_id, user_id, title) select id, '{owner.id}', 'Chat ' || n from made;
        create temporary table said on commit drop as
        select bench_id(at + m * interval '1 ms') as id, id as chat_id, at + m * interval '1 ms' as created_at,
               {first} + (row_number() over (order by n, m)) - 1 as place, content, to_tsvector('english', content) as words
          from made, generate_series(1, 50) m,
               lateral (select 'The curtain of stage ' || (random() * 5000)::int || ' rises over river ' || (random() * 5000)::int ||
                               case n when 1 then ' and a porcupine' else '' end || left('', m) as content) c;
        insert into messages (id, user_id, chat_id, parent_id, role, content, created_at)
        select id, '{owner.id}', chat_id, chat_id, 'user', content, created_at from said;
        insert into message_words (message_id, user_id, chat_id, bucket, words)
        select id, '{owner.id}', chat_id, place / 1024, words from said;
        insert into bucket_words (user_id, word, bucket)
        select distinct '{owner.id}'::uuid, search_word(word), place / 1024
          from said, unnest(tsvector_to_array(words)) word;
        commit;""", LOADING_S)
