"""Fixtures for every Python test."""

import os

import pytest

from stack import Stack


def pytest_configure(config):
    config.addinivalue_line('markers', 'plain: measures what sanitizers change; needs a plain build')


def pytest_collection_modifyitems(items):
    if 'ASAN_OPTIONS' in os.environ:
        for item in items:
            if item.get_closest_marker('plain'):
                item.add_marker(pytest.mark.skip(reason='the build has sanitizers'))


@pytest.fixture(scope='session')
def stack():
    """The run's instance: the one in OFFSTAGE_TEST_VAR, which ./dev test starts, or one's own."""
    shared = os.environ.get('OFFSTAGE_TEST_VAR')
    instance = Stack(shared) if shared else Stack.start()
    yield instance
    if shared:
        instance.release()
    else:
        instance.stop()


@pytest.fixture
def user(stack):
    """A new user with an API key."""
    return stack.user()


@pytest.fixture
def start_stack():
    """Start further instances with their own settings: start_stack(notify='off')."""
    started = []

    def start(**settings):
        started.append(Stack.start(**settings))
        return started[-1]

    yield start
    for instance in started:
        instance.stop()
