"""Retrieval: its quality on collections with judgements, the time of a search, and that of indexing.

OFFSTAGE_EVAL names a folder with eval_ir.py and collections below ir/; without it the speed alone is measured.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import uuid

import load
from cluster import DATABASE, Cluster

PROGRAMS = ('offstage-search-bench',)
TARGETS = {'cisi': 0.42, 'med': 0.72}
CHUNKS = 50000
PER_PAGE = 8 # chunks of a made page
PAGES_A_TRANSACTION = 8
WORDS = 40000 # of the made vocabulary
QUESTIONS = 400
MOST = 100


class Index:
    """An agent in a database of its own."""

    def __init__(self, bench, cluster):
        self.bench, self.cluster = bench, cluster
        cluster.fresh()
        # libpq's environment leads there; the migrations make the roles.
        subprocess.run([bench.top / 'db' / 'migrate', '--directory', bench.top / 'db' / 'migrations', 'upgrade'],
                       check=True, env={**cluster.environment, 'OFFSTAGE_DATABASE_URL': f'dbname={DATABASE}'},
                       stdout=subprocess.DEVNULL)
        self.agent, self.user, self.source = (str(uuid.uuid4()) for _ in range(3))
        cluster.sql(f"""
            insert into users (id, email, name, password_hash) values ('{self.user}', 'b@example.com', 'b', 'x');
            insert into agents (id, user_id, name, kind) values ('{self.agent}', '{self.user}', 'b', 'extractive');
            insert into sources (id, user_id, agent_id, type, title)
            values ('{self.source}', '{self.user}', '{self.agent}', 'text', 'b')""")

    def run(self, words, lines):
        done = subprocess.run([self.bench.program(PROGRAMS[0]), *map(str, words)], text=True, check=True,
                              input=''.join(line + '\n' for line in lines), stdout=subprocess.PIPE,
                              env=self.cluster.environment)
        return done.stdout.splitlines()

    def load(self, pages):
        """Pages as (id, title, text); gives chunks and seconds."""
        lines = self.run(['load', self.agent, self.user, self.source, PAGES_A_TRANSACTION],
                         (line(*page) for page in pages))
        _, chunks, took = lines[-1].split()
        self.cluster.sql('analyze')
        return int(chunks), int(took) / 1e9

    def search(self, questions, most=MOST):
        """Questions as (id, text, turns); gives hits as (id, page, score), and milliseconds."""
        lines = self.run(['search', self.agent, self.user, most],
                         (line(q, text, *(part for turn in turns for part in turn)) for q, text, turns in questions))
        hits = [entry.split('\t')[:3] for entry in lines if not entry.startswith('took ')]
        return hits, [int(entry[5:]) / 1e6 for entry in lines if entry.startswith('took ')]


def line(*fields):
    return '\t'.join(field.replace('\t', ' ').replace('\r', ' ').replace('\n', '\x1e') for field in fields)


def rows(path):
    return [json.loads(text) for text in path.read_text('utf-8').split('\n') if text]


def quality(bench, cluster, collection):
    index = Index(bench, cluster)
    index.load((d['id'], d.get('title') or '', d['text']) for d in rows(collection / 'docs.jsonl'))
    questions = [(q['id'], q['text'], [(t['role'], t['content']) for t in q.get('history') or []])
                 for q in rows(collection / 'queries.jsonl')]
    hits, _ = index.search(questions)
    with tempfile.NamedTemporaryFile('w', suffix='.run', encoding='utf-8') as run:
        run.writelines('\t'.join(hit) + '\n' for hit in hits)
        run.flush()
        scorer = collection.parent.parent / 'eval_ir.py'
        done = subprocess.run([sys.executable, scorer, collection, run.name, '--json'], check=True, text=True,
                              stdout=subprocess.PIPE)
    scores = json.loads(done.stdout)
    for measure in ('ndcg@10', 'recall@10', 'mrr@10'):
        target = {'least': TARGETS[collection.name]} if measure == 'ndcg@10' and collection.name in TARGETS else {}
        bench.figures.add('search', f'{collection.name} {measure}', scores[measure], **target)


def made_pages(source):
    """Words as often as words are, so that a few stand in most pages: Zipf's law, with a topic for each page."""
    words = [f'{"".join(source.choices("bcdfghjklmnprstvw", k=3))}{"aeiou"[i % 5]}{i}' for i in range(WORDS)]
    weights, total = [], 0.0
    for rank in range(1, WORDS + 1):
        total += 1 / (rank + 2.7)
        weights.append(total)
    for page in range(CHUNKS // PER_PAGE):
        topic = source.choices(words, cum_weights=weights, k=40)
        sections = []
        for section in range(PER_PAGE):
            text = source.choices(words, cum_weights=weights, k=150) + source.choices(topic, k=30)
            source.shuffle(text)
            sections.append(f'## Part {section}\n\n' + ' '.join(text) + '.')
        yield str(page), ' '.join(topic[:4]), '\n\n'.join(sections)


def speed(bench, cluster):
    source = random.Random(7)
    pages = list(made_pages(source))
    index = Index(bench, cluster)
    chunks, seconds = index.load(pages)
    bench.figures.add('search', f'indexing, {chunks:,} chunks', chunks / seconds, 'chunks/s', least=2000)
    questions = [(str(i), 'how do I use ' + title, []) for i, (_, title, _) in
                 enumerate(source.sample(pages, 2 * QUESTIONS))]
    _, took = index.search(questions, 6)
    took = took[QUESTIONS:] # the first half has warmed the caches, of PostgreSQL and of the connection
    bench.figures.add('search', f'search in {chunks:,} chunks, p50', load.percentile(took, 50), 'ms', most=3)
    bench.figures.add('search', f'search in {chunks:,} chunks, p99', load.percentile(took, 99), 'ms', most=10)


def measure(bench):
    folder = os.environ.get('OFFSTAGE_EVAL')
    collections = sorted((pathlib.Path(folder) / 'ir').iterdir()) if folder else []
    with Cluster(bench.folder) as cluster:
        for collection in collections:
            quality(bench, cluster, collection)
        for _ in range(bench.runs):
            speed(bench, cluster)
    if not folder:
        bench.figures.note('search: without quality, for OFFSTAGE_EVAL names no folder of collections')
