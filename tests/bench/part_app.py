"""GET /api/chats against its own query: what HTTP, authentication and JSON leave of PostgreSQL's speed."""

import pathlib
import re
import subprocess
import time

import load
from instance import Instance
from processes import rss_kib

CHATS = 200
SECONDS = 10
PROCESSES = 8    # of the app, and connections of pgbench
CONNECTIONS = 16 # of wrk
SCRIPT = pathlib.Path(__file__).with_name('get.lua')


def measure(bench):
    with Instance(bench, app_processes=PROCESSES) as it:
        user = it.users(1)[0]
        it.chats(user, CHATS)
        query = chat_list(bench)
        run_wrk(it, user, 3)
        for _ in range(bench.runs):
            got, cores = run_wrk(it, user, SECONDS)
            bare = run_pgbench(it, user, 'bare', query)
            whole = run_pgbench(it, user, 'transaction', as_the_app(query))
            add = bench.figures.add
            add('app', 'GET /api/chats a second', got['rate'], '/s', peers={'pgbench, the same transaction': whole})
            add('app', 'of pgbench, the same transaction', 100 * got['rate'] / whole, '%', least=40)
            add('app', 'of pgbench, the query alone', 100 * got['rate'] / bare, '%', least=40)
            add('app', 'pgbench, the same transaction', whole, '/s')
            add('app', 'pgbench, the query alone', bare, '/s')
            add('app', 'GET /api/chats, p50', got['p50'], 'ms')
            add('app', 'GET /api/chats, p99', got['p99'], 'ms')
            for name, used in cores.items():
                add('app', f'CPU of {name} meanwhile', used, 'cores')
            add('app', 'resident memory of an app process, the largest', largest_rss(it), 'MB', most=12)
    bench.figures.note(f'app: one user with {CHATS} chats, 20 a page; wrk with {CONNECTIONS} connections and pgbench with '
                       f'{PROCESSES} take turns, {SECONDS} s each, on the same cores; "the same transaction" begins, sets '
                       'the user for row-level security, queries and commits in one pipeline, as the app does, which '
                       'also looks up the key')


def chat_list(bench):
    """The query of the handler, with a first page's parameters as constants."""
    text = (bench.top / 'db' / 'chat.sql').read_text()
    query = re.search(r'^-- name: chat_list\n(.*?);', text, re.DOTALL | re.MULTILINE).group(1)
    for parameter, value in (('$1', ':user'), ('$2', 'null::timestamptz'), ('$3', 'null::uuid'), ('$4', ':lim'), ('$5', '0')):
        assert parameter in query
        query = query.replace(parameter, value)
    return query + ';\n'


def as_the_app(query):
    return ('\\startpipeline\nbegin read only;\n'
            "select set_config('app.user_id', :user, true);\n" + query + 'commit;\n\\endpipeline\n')


def run_wrk(it, user, seconds):
    process = load.wrk(it.url, SCRIPT, ['/api/chats', user.key], CONNECTIONS, seconds)
    usage = it.usage(wrk=process.pid)
    time.sleep(seconds - 0.5)
    cores = usage.cores()
    return load.report(process), cores


def run_pgbench(it, user, name, script):
    """Transactions a second of the app's role over the app's number of connections."""
    path = it.var / f'{name}.sql'
    path.write_text(script)
    done = subprocess.run(
        ['pgbench', '-n', '-M', 'prepared', '-c', str(PROCESSES), '-j', '1', '-T', str(SECONDS), '-f', path,
         '-D', f'user={user.id}', '-D', 'lim=20', f'host={it.run} dbname=offstage user=postgres'],
        env={**it.environment, 'PGOPTIONS': f'-c role=offstage_app -c app.user_id={user.id} -c jit=off'},
        capture_output=True, text=True, timeout=SECONDS + 60)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(re.search(r'tps = ([\d.]+)', done.stdout).group(1))


def largest_rss(it):
    """In MB of a million bytes, of the children, which do the work."""
    return max(map(rss_kib, it.pids('app')[1:])) * 1024 / 1e6
