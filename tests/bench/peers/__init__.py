"""The contestants of part api: installed once, started beside an instance, behind its nginx and on its PostgreSQL."""

import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
POOL = 16 # connections to PostgreSQL of each


def cache():
    base = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    return pathlib.Path(os.environ.get('OFFSTAGE_CACHE') or pathlib.Path(base) / 'offstage')


def kept(kind, source, commands):
    """A folder of the cache for what `source` names, made by commands(folder) when it is not there."""
    folder = cache() / f'bench-{kind}-{hashlib.sha256((HERE / source).read_bytes()).hexdigest()[:16]}'
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = pathlib.Path(tempfile.mkdtemp(prefix='.bench', dir=folder.parent))
        try:
            for command in commands(made):
                subprocess.run(command, check=True, stdout=sys.stderr, timeout=900)
            made.chmod(0o755)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder


def python():
    return kept('python', 'requirements.txt', lambda folder: [
        [sys.executable, '-m', 'venv', '--copies', folder],
        [folder / 'bin/python', '-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:',
         '-r', HERE / 'requirements.txt'],
    ]) / 'bin/python'


def node():
    def commands(folder):
        for name in ('package.json', 'package-lock.json'):
            shutil.copy(HERE / name, folder)
        return [['npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefix', folder]]

    return kept('node', 'package-lock.json', commands)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Peers:
    """with Peers(bench, instance) as peers: … peers.urls leads to each through the instance's nginx."""

    def __init__(self, bench, it):
        self.it, self.urls, self.pids, self.processes = it, {}, {}, []
        self.environment = {**os.environ, 'PGHOST': str(it.run), 'PGUSER': 'postgres', 'PGDATABASE': 'offstage'}

    def __enter__(self):
        try:
            self.start('FastAPI', [python(), '-m', 'uvicorn', '--app-dir', HERE, '--workers', str(os.cpu_count()),
                                   '--no-access-log', '--log-level', 'warning', '--uds', self.socket('FastAPI'), 'fastapi_app:app'],
                       PEER_DATABASE='postgresql+asyncpg://postgres@/offstage', PEER_POOL=str(POOL // os.cpu_count()))
            modules = node()
            shutil.copy(HERE / 'fastify_app.mjs', modules / 'fastify_app.mjs') # where its modules are found
            self.start('Fastify', ['node', modules / 'fastify_app.mjs'], PEER_SOCKET=self.socket('Fastify'), PEER_POOL=str(POOL))
            self.put_behind_nginx()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(30)

    def socket(self, name):
        return str(self.it.run / f'{name}.sock')

    def start(self, name, command, **environment):
        path = pathlib.Path(self.socket(name))
        path.unlink(missing_ok=True)
        process = subprocess.Popen(command, env={**self.environment, **environment}, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        self.processes.append(process)
        self.pids[name] = process.pid
        deadline = time.monotonic() + 60
        while not answers(path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f'{name} does not start')
            time.sleep(0.1)

    def put_behind_nginx(self):
        """A port for each beside the instance's own site."""
        text = ''
        for name in ('FastAPI', 'Fastify'):
            path, port = self.socket(name), free_port()
            os.chmod(path, 0o666)
            self.urls[name] = f'http://127.0.0.1:{port}'
            text += (f'upstream peer_{name} {{ server unix:{path}; keepalive 64; }}\n'
                     f'server {{ listen 127.0.0.1:{port}; access_log off; location / {{ proxy_pass http://peer_{name}; '
                     'proxy_http_version 1.1; proxy_set_header Connection ""; } }\n')
        with open(self.it.var / 'nginx' / 'site.conf', 'a') as site:
            site.write(text)
        os.kill(self.it.pids('nginx')[0], signal.SIGHUP)
        deadline = time.monotonic() + 30
        for url in self.urls.values():
            while not listens(url) and time.monotonic() < deadline:
                time.sleep(0.1)


def answers(path):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(str(path))
            return True
        except OSError:
            return False


def listens(url):
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', int(url.rpartition(':')[2]))) == 0
