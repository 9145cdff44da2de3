"""Three endpoints beside FastAPI + SQLAlchemy and Fastify + pg; lists and search as messages become many; a flood of logins."""

import collections
import datetime
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse

import load
from instance import Instance
from peers import Peers
from processes import cpu_s, tree

CHATS = 200
MESSAGES = 60      # of each chat
BATCH = 102_400    # messages that are put in at once: whole chats, and whole buckets of the search
LOADING_S = 3600   # that this, and making an index, may take at most
USUAL_RATE = 200   # that nginx lets an address ask, as ./dev and packages set it
RATE = 100         # questions a second of the other user while passwords are tried
STEADY = 300       # of them in a phase without, and at least as many in one with
PHASES = 8         # of each kind, in turn
LOGINS = 1000      # wrong passwords, from one address
SECONDS = int(os.environ.get('OFFSTAGE_BENCH_SECONDS', 8))
CONNECTIONS = 16   # of wrk
CALLS = 200        # one after another, for the cost at a size
SMALL = 10_000
LARGE = int(os.environ.get('OFFSTAGE_BENCH_MESSAGES', 200_000))
TARGETS = {'FastAPI': 8, 'Fastify': 2}
SAID = json.dumps({'role': 'user', 'content': 'What happens behind the curtain?'})
SELDOM = 'search, a word of one message in 2,500'
HERE = pathlib.Path(__file__).parent


def measure(bench):
    with Instance(bench, app_processes=8) as it, Peers(bench, it) as peers:
        user = it.users(1)[0]
        side_by_side(bench, it, peers, user, it.chats(user, CHATS, MESSAGES))
        grow(bench, it)
    with Instance(bench, request_rate=USUAL_RATE) as it:
        flood(bench, it, it.users(1)[0])
    bench.figures.note(f'api: {CHATS} chats of {MESSAGES} messages; wrk with {CONNECTIONS} connections, {SECONDS} s in turn, through '
                       'the same nginx to the same PostgreSQL; FastAPI and Fastify run a process a core, ours its usual 8, and '
                       'neither of them sets row-level security')
    bench.figures.note(f'api: a tenth of {SMALL:,} and of {LARGE:,} messages are of the user who asks; '
                       'OFFSTAGE_BENCH_MESSAGES=10000000 for the whole size')
    bench.figures.note(f"api: {LOGINS:,} wrong passwords from one address by 8 connections as fast as they are answered, "
                       f"others ask {RATE} times a second; {PHASES} times in turn with a flood, from an address of its own, and "
                       f"without, the median of the phases' p99 and of the ratios of neighbours")


def side_by_side(bench, it, peers, user, chats):
    messages = [f'/api/chats/{chat}/messages' for chat in chats]
    endpoints = {'list chats': ('get.lua', ['/api/chats', user.key]),
                 'read a page of messages': ('get.lua', [messages[0], user.key]),
                 'create a message': ('post.lua', [SAID, *(part for path in messages for part in (path, user.key))])}
    everyone = {'Offstage': it.url, **peers.urls}
    for path in ('/api/chats', messages[0]):
        same(everyone, user, path)
    for name, (script, arguments) in endpoints.items():
        for _ in range(bench.runs):
            got = {}
            for who, url in everyone.items():
                load.report(load.wrk(url, HERE / script, arguments, CONNECTIONS, 2))
                before = work(it, peers, who)
                got[who] = load.report(load.wrk(url, HERE / script, arguments, CONNECTIONS, SECONDS))
                got[who]['cpu'] = 1000 * (work(it, peers, who) - before) / got[who]['count']
            add = bench.figures.add
            ours = got['Offstage']
            add('api', f'{name}, a second', ours['rate'], '/s', peers={w: got[w]['rate'] for w in peers.urls})
            for who, least in TARGETS.items():
                add('api', f'{name}, times {who}', ours['rate'] / got[who]['rate'], '', least=least)
            add('api', f'{name}, p99', ours['p99'], 'ms', peers={w: got[w]['p99'] for w in peers.urls})
            add('api', f'{name}, CPU', ours['cpu'], 'ms', peers={w: got[w]['cpu'] for w in peers.urls})


def same(everyone, user, path):
    """All answer alike: the same ids in the same order."""
    answers = {}
    for who, url in everyone.items():
        reply = ask(http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30), user, path)
        answers[who] = [row['id'] for row in reply['data']]
    assert len(set(map(tuple, answers.values()))) == 1 and len(answers['Offstage']) == 20, answers


def work(it, peers, who):
    """CPU seconds so far of all that answers: what else the machine does then makes no difference."""
    own = it.pids('app') + it.pids('worker') if who == 'Offstage' else tree(peers.pids[who])
    return cpu_s(it.pids('nginx') + it.pids('postgres') + own)


def ask(connection, user, path):
    connection.request('GET', path, headers={'Authorization': 'Bearer ' + user.key})
    reply = connection.getresponse()
    body = reply.read()
    assert reply.status == 200, (reply.status, body[:300])
    return json.loads(body)


# ---- as the messages become many ----------------------------------------------------------

def grow(bench, small):
    """Small and large answer in turn, so that a machine that gets slower does not look like a cost of size."""
    with Instance(bench) as large:
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
        bench.figures.add('api', f'{name}, at {SMALL:,} messages', ours, 'ms')
        if name == SELDOM: # the answer itself grows
            bench.figures.add('api', f'{name}, at {LARGE:,}', most, 'ms')
        else:
            bench.figures.add('api', f'{name}, at {LARGE:,} to that', most / ours, '', most=1.2)


def questions(it, user):
    """What is asked of an instance: a function, and what each path is for."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(it.url).netloc, timeout=60)
    chat = ask(connection, user, '/api/chats')['data'][0]['id']
    return lambda path: ask(connection, user, path), {
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


# ---- a flood of wrong passwords --------------------------------------------------------------

def flood(bench, it, user):
    """What others wait while an address tries a thousand passwords: a page of chats, asked for at a steady rate.

    Phases with a flood and without take turns, so that a machine that does something else for a while does it in both.
    """
    it.chats(user, CHATS, MESSAGES)
    for n in range(bench.runs):
        phases = [(phase(it, user), phase(it, user, f'127.0.{n + 1}.{m + 1}')) for m in range(PHASES)]
        quiet, ratio = statistics.median(p[0] for p in phases), statistics.median(p[1] / p[0] for p in phases)
        bench.figures.add('api', 'p99 of others', quiet, 'ms')
        bench.figures.add('api', 'p99 of others in a flood of logins, to that', ratio, '', most=1.2)


def phase(it, user, address=None):
    """The p99 of others in ms, while passwords are tried from an address, if one is given."""
    if not address:
        return load.percentile(steady(it, user, lambda: False), 99)
    process = subprocess.Popen([sys.executable, HERE / 'login_flood.py', it.url, str(LOGINS), address],
                               stdout=subprocess.PIPE, text=True)
    p99 = load.percentile(steady(it, user, lambda: process.poll() is None), 99)
    answers = json.loads(process.communicate(timeout=60)[0])
    if set(answers) - {'401', '429'} or sum(answers.values()) != LOGINS:
        raise RuntimeError(f'the flood was answered otherwise: {answers}')
    return p99


def steady(it, user, goes_on):
    """Milliseconds that each answer took from when it was due, RATE a second."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(it.url).netloc, timeout=60)
    took, start = [], time.monotonic()
    while len(took) < STEADY or goes_on():
        due = start + len(took) / RATE
        time.sleep(max(0, due - time.monotonic()))
        ask(connection, user, '/api/chats')
        took.append((time.monotonic() - due) * 1000)
    return took
