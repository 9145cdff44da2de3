"""Crawling one static site on loopback, everything extracted, cut, indexed and stored, without delays.

OFFSTAGE_BENCH_CRAWL may name a folder with a program run.py that has Scrapy and Crawlee crawl the same site from the
same server; OFFSTAGE_BENCH_SITE another folder to be served than PostgreSQL's manual (postgresql-doc-15).
OFFSTAGE_BENCH_CRAWL_LARGE may name a folder with a site of some 10,000 pages, such as that of openjdk-17-doc: it is
crawled once, which takes minutes, and compared with the other by bytes.
"""

import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from instance import Instance
from processes import cpu_s, rss_kib, rss_peak_kib, tree

MANUAL = pathlib.Path('/usr/share/doc/postgresql-doc-15/html')
PEERS = ('scrapy', 'crawlee')
CRAWLEE = '@crawlee/cheerio@3.18.1'
AGAINST_PEERS = 5 # times as fast as the faster one
CPU_S_MOST, WORKER_MIB_MOST = 3, 64
LARGE_RATE_LEAST, LARGE_GROWTH_MOST = 0.8, 1.2
PAGES_MOST = 50000
WAIT_S = 1800
SERVER = """
worker_processes 1;
daemon off;
pid {run}/nginx.pid;
error_log {run}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    log_format bench '$msec $status $sent_http_content_type $body_bytes_sent $request_uri';
    access_log {run}/access.log bench;
    client_body_temp_path {run}/b; proxy_temp_path {run}/p; fastcgi_temp_path {run}/f;
    uwsgi_temp_path {run}/u; scgi_temp_path {run}/s;
    keepalive_requests 100000;
    sendfile on;
    open_file_cache max=20000;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {www};
        charset utf-8;
        gzip on;
        location = /robots.txt {{ return 200 "User-agent: *\\nAllow: /\\n"; }}
    }}
}}
"""


class Site:
    """A private nginx that serves a folder as /medium/, laid out as run.py expects it."""

    def __init__(self, bench):
        self.folder = bench.folder / 'site'
        self.run, www = self.folder / 'run', self.folder / 'www'
        shutil.rmtree(self.folder, ignore_errors=True)
        self.run.mkdir(parents=True)
        www.mkdir()
        self.folders = {'medium': os.environ.get('OFFSTAGE_BENCH_SITE') or MANUAL,
                        'large': os.environ.get('OFFSTAGE_BENCH_CRAWL_LARGE')}
        for name, folder in self.folders.items():
            if folder:
                (www / name).symlink_to(pathlib.Path(folder).resolve())
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        (self.run / 'nginx.conf').write_text(SERVER.format(run=self.run, port=self.port, www=www))
        for folder in (bench.folder, self.folder, self.run, www):
            folder.chmod(0o755)

    def __enter__(self):
        self.server = subprocess.Popen(['nginx', '-c', self.run / 'nginx.conf', '-e', self.run / 'error.log'])
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name):
        return f'http://127.0.0.1:{self.port}/{name}/index.html'

    def size(self, name, paths):
        """Bytes of pages, as they are before they are compressed for their transfer."""
        return sum((self.folder / 'www' / path).stat().st_size for path in paths)


class Memory(threading.Thread):
    """What a process takes, looked at all the time, in MiB."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.seen, self.over = pid, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.2):
            self.seen.append(rss_kib(self.pid) / 1024)

    def growth(self):
        """What it mostly took in the last quarter, by that in the second. One page of megabytes is no growth."""
        self.over.set()
        quarter = len(self.seen) // 4
        return statistics.median(self.seen[-quarter:]) / statistics.median(self.seen[quarter:2 * quarter])


def crawl(it, url):
    """One crawl by a new agent: pages, seconds, CPU seconds of worker and PostgreSQL, and the source's id."""
    worker, postgres = it.pids('worker'), int((it.run / 'postgres.pid').read_text().split()[0])
    before = cpu_s(worker + tree(postgres))
    start = time.monotonic()
    reply = it.admin.post(f'/api/agents/{it.agent(kind="extractive")}/sources',
                          {'type': 'url', 'url': url, 'max_pages': PAGES_MOST, 'use_sitemap': False})
    assert reply.status == 202, reply
    now = {'status': 'queued'}
    while now['status'] in ('queued', 'crawling'):
        assert time.monotonic() < start + WAIT_S, now
        time.sleep(0.05)
        now = it.admin.get(f'/api/crawl/{reply.json["id"]}').json
    assert now['status'] == 'completed', now
    seconds = time.monotonic() - start
    return now['pages']['indexed'], seconds, cpu_s(worker + tree(postgres)) - before, reply.json['id']


def bytes_a_second(it, site, name, source, seconds):
    start = site.url(name).partition(f'/{name}/')[0] + '/'
    urls = it.sql(f"select url from pages where source_id = '{source}' and status = 'indexed'").split()
    return site.size(name, (url.removeprefix(start).partition('?')[0] for url in urls)) / seconds


def node_folder(bench):
    """Crawlee, from npm."""
    folder = bench.folder / 'crawlee'
    if not (folder / 'node_modules').is_dir():
        subprocess.run(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder, CRAWLEE],
                       check=True, stdout=sys.stderr)
    return folder


def peers(bench, driver, site):
    """pages a second of each peer."""
    if not pathlib.Path('/usr/lib/python3/dist-packages/scrapy').is_dir():
        subprocess.run([bench.top / 'scripts' / 'install-packages', 'python3-scrapy'], check=True, stdout=sys.stderr)
    done = subprocess.run([sys.executable, pathlib.Path(driver) / 'run.py', '--peers', ','.join(PEERS), '--sites',
                           site.folder, '--port', str(site.port), '--node', node_folder(bench)],
                          text=True, stdout=subprocess.PIPE, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
    return {measure: {line['peer']: line['value'] for line in lines if line['measure'] == measure}
            for measure in ('pages_per_s', 'cpu_s_per_1000', 'rss_mib')}


def measure_large(bench, it, site, rate):
    """The large site against the rate of the other one, in bytes a second."""
    memory = Memory(it.pids('worker')[0])
    pages, seconds, cpu, source = crawl(it, site.url('large'))
    growth = memory.growth()
    bench.figures.add('crawl', f'{pages:,} pages', pages / seconds, 'pages/s')
    bench.figures.add('crawl', f'CPU for 1,000 of {pages:,} pages', cpu * 1000 / pages, 's')
    bench.figures.add('crawl', f'bytes/s of {pages:,} pages by that of the site above',
                      bytes_a_second(it, site, 'large', source, seconds) / rate, '', least=LARGE_RATE_LEAST)
    bench.figures.add('crawl', 'memory of the worker in the last quarter of that by the second', growth, '',
                      most=LARGE_GROWTH_MOST)
    bench.figures.add('crawl', f'peak memory of the worker, {pages:,} pages',
                      rss_peak_kib(it.pids('worker')[0]) / 1024, 'MiB')


def measure(bench):
    driver = os.environ.get('OFFSTAGE_BENCH_CRAWL')
    with Site(bench) as site, Instance(bench) as it:
        for _ in range(bench.runs):
            others = peers(bench, driver, site) if driver else {}
            fastest = max(others.get('pages_per_s', {'': 0}).values())
            pages, seconds, cpu, source = crawl(it, site.url('medium'))
            rate = bytes_a_second(it, site, 'medium', source, seconds)
            bench.figures.add('crawl', f'{pages:,} pages', pages / seconds, 'pages/s', peers=others.get('pages_per_s'),
                              **({'least': AGAINST_PEERS * fastest} if fastest else {}))
            bench.figures.add('crawl', 'CPU of worker and PostgreSQL for 1,000 pages', cpu * 1000 / pages, 's',
                              most=CPU_S_MOST, peers=others.get('cpu_s_per_1000'))
            bench.figures.add('crawl', 'peak memory of the worker', rss_peak_kib(it.pids('worker')[0]) / 1024, 'MiB',
                              most=WORKER_MIB_MOST, peers=others.get('rss_mib'))
        if site.folders['large']:
            measure_large(bench, it, site, rate)
    bench.figures.note('crawl: everything extracted, indexed and stored, commits synced; '
                       + (f'peers by {driver}' if driver else 'without peers: OFFSTAGE_BENCH_CRAWL names no driver'))
