"""Three endpoints beside FastAPI + SQLAlchemy and Fastify + pg."""

import http.client
import json
import os
import pathlib
import urllib.parse

import load
from instance import Instance
from peers import Peers
from processes import cpu_s, tree

CHATS = 200
MESSAGES = 60      # of each chat
SECONDS = int(os.environ.get('OFFSTAGE_BENCH_SECONDS', 8))
CONNECTIONS = 16   # of wrk
TARGETS = {'FastAPI': 8, 'Fastify': 2}
SAID = json.dumps({'role': 'user', 'content': 'What happens behind the curtain?'})
HERE = pathlib.Path(__file__).parent


def measure(bench):
    with Instance(bench, app_processes=8) as it, Peers(bench, it) as peers:
        user = it.users(1)[0]
        side_by_side(bench, it, peers, user, it.chats(user, CHATS, MESSAGES))
    bench.figures.note(f'api: {CHATS} chats of {MESSAGES} messages; wrk with {CONNECTIONS} connections, {SECONDS} s in turn, through '
                       'the same nginx to the same PostgreSQL; FastAPI and Fastify run a process a core, ours its usual 8, and '
                       'neither of them sets row-level security')


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
        reply = load.ask(http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30), user, path)
        answers[who] = [row['id'] for row in reply['data']]
    assert len(set(map(tuple, answers.values()))) == 1 and len(answers['Offstage']) == 20, answers


def work(it, peers, who):
    """CPU seconds so far of all that answers: what else the machine does then makes no difference."""
    own = it.pids('app') + it.pids('worker') if who == 'Offstage' else tree(peers.pids[who])
    return cpu_s(it.pids('nginx') + it.pids('postgres') + own)
