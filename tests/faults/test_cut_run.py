"""./dev test, cut in the middle: nothing of it stays."""

import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

from stack import TOP, build, is_alive, wait_for


def processes_of(folder):
    """Live processes that name the folder in their command line or environment, or work below it."""
    found = []
    for entry in pathlib.Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            text = (entry / 'cmdline').read_bytes() + (entry / 'environ').read_bytes() + os.readlink(entry / 'cwd').encode()
        except OSError:
            continue
        if folder.encode() in text and is_alive(int(entry.name)):
            found.append(int(entry.name))
    return found


@pytest.mark.plain
@pytest.mark.parametrize('cut', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_cut_leaves_no_process_and_no_file(cut):
    # Short, for the paths of sockets below it.
    folder = tempfile.mkdtemp(prefix='cut-', dir='/tmp')
    os.chmod(folder, 0o755)
    path = pathlib.Path(folder)
    run = subprocess.Popen(['env', '--default-signal', TOP / 'tests' / 'run', 'live'], start_new_session=True,
                           env={**os.environ, 'TMPDIR': folder, 'OFFSTAGE_BUILD': build()}, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # The instance of the part, and the cluster of a fixture.
        wait_for(lambda: list(path.glob('*/live/t/*/data/postmaster.pid')) or run.poll() is not None, 120, 'a cluster')
        memory = [pathlib.Path(file.read_text().strip()) for file in path.glob('*/live/t/*/memory')]
        assert run.poll() is None and any(place.is_dir() for place in memory) and processes_of(folder)
        run.send_signal(cut)
        assert run.wait(180) == {signal.SIGKILL: -signal.SIGKILL}.get(cut, 130)
        wait_for(lambda: not list(path.iterdir()) and not processes_of(folder), 180, 'all of it to go')
        assert not any(place.exists() for place in memory)
    finally:
        run.kill()
    path.rmdir()
