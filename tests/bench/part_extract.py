"""Extraction: what it takes of pages, and how fast, beside Readability with jsdom on the same pages.

OFFSTAGE_EVAL_EXTRACT names a folder of pages whose main text is known: pages.jsonl, a line of JSON a page ("id", "type",
"text"), and html/ID.html.gz. Without it the pages of the unit tests are taken, whose quality says little.
"""

import collections
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile

PROGRAMS = ('offstage-extract-bench',)
PEER = 'readability'
HERE = pathlib.Path(__file__).resolve().parent
OWN_PAGES = HERE.parent / 'unit' / 'pages'
INSTALL_S = 900
TOKEN = re.compile(r'\w+')
FENCE = re.compile(r'^\s*(?:```|~~~).*$', re.M)
Page = collections.namedtuple('Page', 'name kind text')


# ---- the score: the mean over pages of the F1 of their words, each as often as it stands there ------------------------


def f1(got, true):
    common = sum((got & true).values())
    if not common:
        return float(not got and not true)
    return 2 * common / (sum(got.values()) + sum(true.values()))


def words(text):
    return collections.Counter(TOKEN.findall(text.lower()))


def shingles(text):
    tokens = TOKEN.findall(text)
    return collections.Counter(tuple(tokens[i:i + 4]) for i in range(max(1, len(tokens) - 3)) if tokens)


def shingle_f1(pairs):
    """The harmonic mean of mean precision and mean recall."""
    precision, recall = [], []
    for got, true in pairs:
        a, b = shingles(got), shingles(true)
        common = sum((a & b).values())
        precision += [common / sum(a.values())] if a else []
        recall += [common / sum(b.values())] if b else []
    p, r = statistics.mean(precision), statistics.mean(recall)
    return 2 * p * r / (p + r) if p + r else 0.0


# ---- pages and programs -----------------------------------------------------------------------------------------------


def given_pages(source, folder):
    pages = []
    for line in (source / 'pages.jsonl').read_text('utf-8').split('\n'):
        if not line:
            continue
        page = json.loads(line)
        name = folder / f'{page["id"]}.html'
        name.write_bytes(gzip.decompress((source / 'html' / f'{page["id"]}.html.gz').read_bytes()))
        pages.append(Page(str(name), page['type'], page['text']))
    return pages


def own_pages():
    return [Page(str(page), page.stem, page.with_suffix('.txt').read_text('utf-8')) for page in
            sorted(OWN_PAGES.glob('*.html'))]


def read(command, pages):
    """Texts by name, and microseconds of CPU in all."""
    done = subprocess.run(command, input=''.join(page.name + '\n' for page in pages), check=True, text=True,
                          stdout=subprocess.PIPE)
    rows = [json.loads(line) for line in done.stdout.split('\n') if line]
    if len(rows) != len(pages):
        raise RuntimeError(f'{command[0]} read {len(rows)} of {len(pages)} pages')
    return {row['file']: FENCE.sub('', row['text']) for row in rows}, sum(row['us'] for row in rows)


def readability():
    """The command that runs it, installed once in the cache; None without npm or a registry."""
    base = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache')
    files = [HERE / PEER / name for name in ('package.json', 'package-lock.json', 'extract.js')]
    key = hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = pathlib.Path(os.environ.get('OFFSTAGE_CACHE') or base / 'offstage') / f'{PEER}-{key}'
    if not folder.is_dir():
        if not shutil.which('npm'):
            return None
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.' + PEER, dir=folder.parent) as made:
            for file in files:
                shutil.copy(file, made)
            done = subprocess.run(['npm', 'ci', '--prefix', made, '--ignore-scripts', '--no-audit', '--no-fund',
                                   '--loglevel=error'], timeout=INSTALL_S, stdout=subprocess.DEVNULL)
            if done.returncode:
                return None
            shutil.copytree(made, folder, symlinks=True)
    return ['node', str(folder / 'extract.js')]


# ---- the part ---------------------------------------------------------------------------------------------------------


def quality(bench, pages, ours, theirs):
    def mean(texts, kind=None):
        return statistics.mean(f1(words(texts[p.name]), words(p.text)) for p in pages if kind in (None, p.kind))

    def add(name, ours, theirs, least=None):
        bench.figures.add('extract', name, ours, least=least, peers={PEER: theirs} if theirs is not None else None)

    add(f'token F1, {len(pages)} pages', mean(ours), theirs and mean(theirs), 0.90)
    for kind in sorted({page.kind for page in pages}):
        add(f'token F1, {kind}', mean(ours, kind), theirs and mean(theirs, kind))
    articles = [page for page in pages if page.kind == 'article']
    if articles:
        add('4-shingle F1, article', shingle_f1((ours[p.name], p.text) for p in articles),
            theirs and shingle_f1((theirs[p.name], p.text) for p in articles), 0.96)


def measure(bench):
    given, peer = os.environ.get('OFFSTAGE_EVAL_EXTRACT'), readability()
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        pages = given_pages(pathlib.Path(given), pathlib.Path(folder)) if given else own_pages()
        for run in range(bench.runs):
            ours, took = read([bench.program(PROGRAMS[0]), '--html'], pages)
            theirs, took_peer = read(peer, pages) if peer else (None, None)
            if run == 0:
                quality(bench, pages, ours, theirs)
            rates = [len(pages) / us * 1e6 for us in (took, took_peer) if us]
            bench.figures.add('extract', 'pages a CPU second', rates[0], 'pages/s',
                              peers={PEER: rates[1]} if peer else None)
            if peer:
                bench.figures.add('extract', 'times as fast as its peer', rates[0] / rates[1], least=10)
    if not given:
        bench.figures.note('extract: on the pages of the unit tests, for OFFSTAGE_EVAL_EXTRACT names no folder')
    if not peer:
        bench.figures.note(f'extract: without a peer, for npm cannot install {PEER}')
