"""Parameters with which a query reaches what is somebody else's, were it not for its owner's condition.

They are for queries whose parameters are not found by trying: by the query's name, or by that of one of its mutants.
A second member is what the result looks like then, where nothing of the owner's is named in it.
{name} stands for an id of the owner's world, made by WORLD.
"""

NEW = "'00000000-0000-4000-8000-00000000f00d'"

# What requests to the interface do not leave behind by themselves.
WORLD = """
    insert into sources (id, user_id, agent_id, type, title, status, url)
    values (:'site', :'owner', :'agent', 'url', 'Hello', 'ready', 'http://127.0.0.1:9/');
    insert into crawls (id, user_id, agent_id, source_id, job_id, status)
    values (:'crawl', :'owner', :'agent', :'site', gen_random_uuid(), 'crawling');
    insert into crawls (id, user_id, agent_id, source_id, job_id, dry_run, status, finished_at)
    values (gen_random_uuid(), :'owner', :'agent', :'site', gen_random_uuid(), true, 'completed', now());
    insert into crawl_urls (crawl_id, user_id, id, url, depth, flags, state, reason)
    values (:'crawl', :'owner', :'url', 'http://127.0.0.1:9/', 0, 1, 'queued', null),
           (:'crawl', :'owner', :'copy', 'http://127.0.0.1:9/copy', 1, 0, 'skipped', 'canonical'),
           (:'crawl', :'owner', gen_random_uuid(), 'http://127.0.0.1:9/page', 1, 0, 'indexed', null);
    insert into pages (id, user_id, agent_id, source_id, crawl_id, url, status, title, content)
    values (:'page', :'owner', :'agent', :'site', :'crawl', 'http://127.0.0.1:9/page', 'indexed', 'Hello', 'Hello'),
           (:'copied', :'owner', :'agent', :'site', :'crawl', 'http://127.0.0.1:9/copy', 'indexed', 'Hello', 'Hello');
    insert into imports (id, user_id, content) values (:'import', :'owner', 'Hello');
    insert into agent_tests (id, user_id, agent_id, status, result, created_at)
    values (:'test', :'owner', :'agent', 'done', '{"said": "Hello"}', now() - interval '2 hours');
    update agents set titles = 'model' where id = :'agent';
    insert into chats (id, user_id, agent_id, title, deleted_at, shelf)
    values (:'binned', :'owner', :'agent', 'Hello', now(), 2);
    insert into message_feedback (message_id, user_id, rating) values (:'answer', :'owner', 'up');
    insert into messages (id, user_id, chat_id, parent_id, role, content, hidden)
    select :'hidden', user_id, chat_id, parent_id, role, 'Hello', true from messages where id = :'answer';
    update chats set import_hash = sha256('Hello') where id = :'chat';
    update traces set upstream_id = 'tr-' || :'request', upstream_status = 'pending' where id = :'request';
    insert into webhook_deliveries (id, user_id, webhook_id, job_id, event, subject_id, body, state)
    values (:'delivery', :'owner', :'hook', gen_random_uuid(), 'x', :'request', 'Hello', 'pending'),
           (:'delivered', :'owner', :'hook', gen_random_uuid(), 'x', :'request', 'Hello', 'delivered');
    insert into chunks select (jsonb_populate_record(null::chunks, to_jsonb(c) || jsonb_build_object('id', :'bare', 'position', 99))).*
      from chunks c where user_id = :'owner';
    insert into chunk_vectors select id, user_id, agent_id, 'a' from chunks where user_id = :'owner' and position <> 99;
    insert into question_vectors (id, user_id, agent_id, question, vector, done, created_at)
    values (:'asked', :'owner', :'agent', 'Hello', null, false, now() - interval '2 hours'),
           (:'answered', :'owner', :'agent', 'Hello', 'a', true, now());
    update agents set embeddings_url = 'http://127.0.0.1:9/', embeddings_model = 'm' where id = :'agent';
    insert into chunk_deletions (agent_id, user_id, chunks) values (:'agent', :'owner', 7)
    on conflict (agent_id) do update set chunks = 7;
"""

PLACE = "100, false, 1, 1, 0, 0, null, 0, 0, 0"
SEGMENTS = "'{segments}'"

EXAMPLES = {
    'agent_update': ["'{agent}', 'n', 'd', 'extractive', null, null, '', null, null, 10, 'private', null, 'key', null, false, null, "
                     "'message', null, null, null"],
    'agent_set_credential': ["'{agent}', 'key'"],
    'agent_set_embeddings_credential': ["'{agent}', 'key'"],
    'agent_test_add': [f"{NEW}, '{{agent}}'"],
    'agent_test_result': ["'{test}'"],
    'auth_session_end_others-1': ["'{session}', repeat('ab', 32)"],
    'chat_restore': ["'{binned}'"],
    'chat_title_wanted': ["'{chat}', '{request}'", '^t$'],
    'chat_title_load': ["'{chat}', 100"],
    'chat_title_set': ["'{chat}', 'Other'"],
    'chunk_forget': ["'{text_page}'"],
    'chunk_merge_lock': ["'{agent}'", r'\|7$'],
    'chunk_segments': ["'{agent}'", r'^\d+\|\d+\|'],
    'chunk_segment_chunks': [SEGMENTS, r'^\d+\|'],
    'chunk_alive': ["array['{chunk}']::uuid[]", '^t$'],
    'chunk_segment_postings': [SEGMENTS, r'^\d+\|\d+\|'],
    'chunk_segment_drop': [SEGMENTS],
    'chunk_undelete': ["'{agent}', 1"],
    'crawl_insert-0': [f"{NEW}, '{{site}}', {NEW}, true"],
    'crawl_insert': [f"{NEW}, '{{source}}', {NEW}, false"],
    'crawl_latest': ["'{site}'"],
    'crawl_lock': ["'{site}'"],
    'crawl_set': ["'{crawl}', 'paused', null, null, 'x'"],
    'crawl_over': ["'{crawl}', 'completed', null, 'x'"],
    'crawl_addresses': ["'{crawl}', null, null, 10", '127.0.0.1:9'],
    'crawl_begin': ["'{crawl}'"],
    'crawl_starts': ["'{crawl}'", '127.0.0.1:9'],
    'crawl_known': ["'{site}'"],
    'crawl_used': ["'{crawl}', '{site}'", '^1$'],
    'crawl_touch': ["'{crawl}'"],
    'crawl_count': ["'{crawl}', 1, 1, 1, 1, 1, 1, 1, '{{}}', 'x'"],
    'crawl_next': ["'{crawl}', '{{}}', 10", '127.0.0.1:9'],
    'crawl_waiting': ["'{crawl}', '{{}}'", r'^1\|'],
    'crawl_settle': ["'{crawl}', array['{url}']::uuid[], array['failed'], array['x'], array[1], array[-1]"],
    'crawl_again': ["'{crawl}', array['http://127.0.0.1:9/copy']"],
    'crawl_close': ["'{crawl}', 'x'", '^1$'],
    'crawl_stale': ["'{crawl}', '{site}'", '^[0-9a-f-]{36}$'],
    'crawl_unindexed': ["'{crawl}', array['{copied}']::uuid[]"],
    'crawl_finish': ["'{crawl}', 'completed', null, 'x'"],
    'page_unchanged': ["'{page}', '{crawl}', 200, null, null"],
    'page_skip': [f"'{{crawl}}', array[{NEW}]::uuid[], array['http://127.0.0.1:9/new'], array['skipped'], array['x'], array['x'], "
                  "array['x'], array[1], array[200], array['x'], array[1]"],
    'embedding_add': ["'{agent}', 'http://127.0.0.1:9/', 'm', array['{bare}']::uuid[], array[1], 'a'"],
    'embedding_forget': ["'{agent}'"],
    'embedding_ask': [f"{NEW}, '{{agent}}', 'x'"],
    'embedding_question': ["'{asked}'"],
    'embedding_answer': ["'{asked}', null"],
    'embedding_answered': ["'{answered}'", r'^\\x61$'],
    'import_load': ["'{import}'"],
    'import_known-1': ["'a', array['{hidden}']::uuid[], array[encode(sha256('Hello'), 'hex')]", '^t$'],
    'import_known': ["sha256('Hello'), '{{}}', '{{}}'", '^t$'],
    'import_mark': ["'{import}', 1, 1, 1"],
    'import_end': ["'{import}'"],
    'job_list': ["'ffffffff-ffff-ffff-ffff-ffffffffffff', null, null, null, 1000"],
    'message_rate': ["'{answer}', 'down', 'x'"],
    'message_unrate': ["'{answer}'"],
    'request_place_limited-0': [f"null, null, null, {PLACE}", r'^\|\|\|[1-9]'],
    'request_place_limited': [f"null, '{{chat}}', null, {PLACE}"],
    'request_list_unfinished': ["'{running_status}', null, null, 1000"],
    'site_page_chunks': ["'{text_page}'", 'curtain'],
    'source_insert': [f"{NEW}, '{{agent}}', 'text', 'x', 'x', null, null, 'section', false, 50, null, '{{{{}}}}', '{{{{}}}}', true, null, "
                      "'never', null, null, null"],
    'source_update': ["'{site}', 'x', 'section', false, 50, null, '{{}}', '{{}}', true, null, 'never', null, null"],
    'source_page': ["'{source}', 'x', 'en'"],
    'source_ready': ["'{source}', 9"],
    'trace_find': ["'tr-{request}'"],
    'trace_refresh': ["'{request}'", '^t$'],
    'trace_fetch_load': ["'{request}'"],
    'webhook_insert': [f"{NEW}, 'http://127.0.0.1:9/x', 'x', '{{{{x}}}}', 'x', 1", r'\A\s*\Z'], # who has too many may add none
    'webhook_load': ["'{delivery}'"],
    'webhook_tried': ["'{delivery}', 'pending', 500, 'x', 1, 1"],
    'webhook_over': ["'{delivery}', 'failed', 'x'"],
    'webhook_again': ["'{delivered}'"],
    'trace_fetched': ["'{request}', '[]', 1"],
}

# Each of these conditions is one of several that say the same of the same rows: alone its loss changes nothing.
# All of a query's conditions are taken away at once, too.
NOT_ALONE = {'chat_delete_forever-0', 'chat_delete_forever-1', 'chat_delete_forever-2', 'source_load-0', 'source_load-1',
             *(f'message_list{order}-{n}' for order in ('', '_newest') for n in range(3))}
