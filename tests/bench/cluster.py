"""A private PostgreSQL cluster without an instance around it: on disk, every commit synced."""

import glob
import os
import pathlib
import shutil
import subprocess
import tempfile

OPTIONS = ('listen_addresses=', 'fsync=on', 'synchronous_commit=on', 'shared_buffers=1GB')
DATABASE = 'bench'


class Cluster:
    """with Cluster(folder) as c: … c.environment leads libpq to its database."""

    def __init__(self, folder):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='q', dir=folder))
        self.data = self.folder / 'data'
        self.bin = pathlib.Path(sorted(glob.glob('/usr/lib/postgresql/*/bin'))[-1])
        # Not below folder: the path of a socket is short.
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix='offstage-bench-'))
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith('PG')},
                            'PGHOST': str(self.sockets), 'PGPORT': '5432', 'PGUSER': 'postgres', 'PGDATABASE': DATABASE}
        self.prefix = []
        if os.geteuid() == 0: # PostgreSQL refuses to run as root
            self.prefix = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups',
                           '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
            for path in (self.folder, self.sockets):
                shutil.chown(path, 'postgres', 'postgres')

    def __enter__(self):
        self.command('initdb', '-D', self.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8')
        options = ' '.join(f'-c {option}' for option in (*OPTIONS, f'unix_socket_directories={self.sockets}'))
        self.command('pg_ctl', '-D', self.data, '-l', self.folder / 'log', '-o', options, '-w', 'start')
        self.pid = int((self.data / 'postmaster.pid').read_text().split()[0])
        return self

    def __exit__(self, *_):
        self.command('pg_ctl', '-D', self.data, '-m', 'fast', '-w', 'stop')
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def command(self, name, *words):
        subprocess.run([*self.prefix, self.bin / name, *map(str, words)], check=True, cwd='/',
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def sql(self, text, database=DATABASE):
        return subprocess.run(['psql', '-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', text], check=True,
                              env=self.environment, capture_output=True, text=True).stdout.strip()

    def fresh(self):
        """An empty database."""
        self.sql(f'drop database if exists {DATABASE} with (force)', 'postgres')
        self.sql(f'create database {DATABASE}', 'postgres')

    def hold(self):
        """A transaction left open, as a long report leaves one: nothing dead can be removed. End it by terminate()."""
        psql = subprocess.Popen(['psql', '-X', '-q', '-At'], env=self.environment, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        psql.stdin.write('begin isolation level repeatable read;\nselect 1;\n')
        psql.stdin.flush()
        psql.stdout.readline()
        return psql
