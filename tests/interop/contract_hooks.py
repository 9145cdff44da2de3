"""What a schema cannot say of a valid request; Schemathesis loads it into its process."""

import datetime
import os
import uuid

import schemathesis
from hypothesis import strategies

OWN_KEY = os.environ['OFFSTAGE_OWN_KEY']

# Any URL of http or https that leads where one may go is taken; what is asked there is answered at once.
paths = strategies.text('abcdefghijklmnopqrstuvwxyz0123456789-', max_size=20)
schemathesis.openapi.format('uri', paths.map(lambda path: f'{os.environ["OFFSTAGE_WEB"]}/{path}'))

# No place on earth is further from Greenwich than 14 hours.
zones = strategies.integers(-14 * 60, 14 * 60).map(lambda n: datetime.timezone(datetime.timedelta(minutes=n)))
schemathesis.openapi.format('date-time', strategies.datetimes(timezones=zones).map(datetime.datetime.isoformat))


def unused(key):
    """Another key: two different requests under one are refused, and neither schema can say so."""
    return key[:200] + str(uuid.uuid4()) if key and len(key) <= 255 and key.isascii() and key.isprintable() else key


def in_range(value):
    """A file may hold members that no schema knows; whole numbers beyond 64 bits are refused everywhere."""
    if isinstance(value, dict):
        return {name: in_range(member) for name, member in value.items()}
    if isinstance(value, list):
        return [in_range(item) for item in value]
    return value % 2**63 if isinstance(value, int) and not isinstance(value, bool) else value


def complete(body):
    """What needs something else beside it has that, now or before: a server of embeddings its model, a principal its name."""
    if body.get('embeddings_url') and not body.get('embeddings_model'):
        body['embeddings_model'] = 'm'
    elif body.get('embeddings_model', '') is None:
        body['embeddings_url'] = None
    if 'client_id' in body and not body['client_id']:
        body['client_id'] = 'c'
    elif body.get('auth') == 'databricks_oauth':
        body.setdefault('client_id', 'c')


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in list((case.headers or {}).items()):
        if name.lower() == 'idempotency-key':
            case.headers[name] = unused(value)
    # Its own key is the branch that it sits on.
    if (case.path_parameters or {}).get('id') == OWN_KEY:
        case.path_parameters['id'] = str(uuid.uuid4())
    # A queue that is paused leaves others waiting.
    if case.operation.label == 'POST /api/admin/queues/{name}/pause':
        case.path_parameters['name'] = 'bench'
    query = case.query or {}
    if str(query.get('wait', '')).isdigit() and 1 < int(query['wait']) <= 60:
        query['wait'] = 1 # nothing changes meanwhile
    if case.meta and not case.meta.generation.mode.is_positive:
        return
    body = case.body if isinstance(case.body, dict) else {}
    if body.get('tools'):
        body['tools'] = in_range(body['tools'])
    label = case.operation.label
    if label == 'GET /api/chats':
        if query.get('deleted') == 'true':
            query.pop('archived', None)
        if query.get('q'):
            # A search has filters of its own.
            for name in ('pinned', 'archived', 'deleted'):
                query.pop(name, None)
    elif label == 'POST /api/agents':
        complete(body)
    elif label == 'PATCH /api/agents/{id}':
        complete(body)
        # What a kind needs may be there already, or may not.
        body.pop('kind', None)
        if body.get('endpoint_url', '') is None:
            del body['endpoint_url']
    elif label == 'POST /api/agents/{id}/chat' and 'message' in body:
        body['stream'] = True # else it waits for an answer that a model, which is not there, does not give
    elif label == 'POST /api/invoke_endpoint' and body.get('messages'):
        body['messages'][-1]['role'] = 'user' # who asks
    elif label == 'POST /api/auth/register':
        body.pop('invitation', None) # nobody was invited
    elif label == 'POST /api/keys' and body.get('expires_at'):
        body['expires_at'] = '2100-01-01T00:00:00Z' # not past
    elif label == 'POST /api/chats/import':
        case.body = in_range(case.body)
