"""Fixtures of the tests that have the gateway to themselves: see gateway.py."""

import pytest

from gateway import Cluster, Gateway, Scribe


@pytest.fixture(scope='session')
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
def scribe(cluster):
    scribe = Scribe(cluster)
    yield scribe
    scribe.close()


@pytest.fixture
def writer(scribe):
    """A user whose responses and feed a test writes."""
    return scribe.user()


@pytest.fixture(scope='session')
def shared_gateway(cluster):
    gateway = Gateway(cluster)
    yield gateway
    gateway.close()


@pytest.fixture
def gateway(shared_gateway):
    """A gateway with the usual settings, which tests leave as it is."""
    return shared_gateway


@pytest.fixture
def start_gateway(cluster):
    """Gateways of one's own: start_gateway(stream_ping_s=1)."""
    started = []

    def start(**settings):
        started.append(Gateway(cluster, **settings))
        return started[-1]

    yield start
    for gateway in started:
        gateway.close()
