-- name: agent_insert
insert into agents (id, user_id, name, description, kind, endpoint_url, model, instructions, temperature,
                    max_output_tokens, history_limit, visibility, starter_questions, auth, client_id, return_trace, mlflow_url, titles,
                    tools, embeddings_url, embeddings_model)
values ($1, app_user(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, coalesce($12::text[], '{}'), $13, $14, $15, $16, $17,
        coalesce($18::json, '[]'), $19, $20);

-- name: agent_get
select a.id, a.user_id, a.name, a.description, a.kind, a.endpoint_url, a.model, a.has_credential, a.instructions,
       a.temperature, a.max_output_tokens, a.history_limit, a.visibility,
       array_to_json(a.starter_questions)::text as starters, a.auth, a.client_id, a.return_trace, a.mlflow_url, a.titles,
       a.tools::text as tools, a.embeddings_url, a.embeddings_model, a.has_embeddings_credential,
       a.user_id = (select app_user()) as is_own,
       ts(a.created_at) as created_at, ts(a.updated_at) as updated_at
  from agents a
 where a.id = $1 and (a.user_id = (select app_user()) or a.visibility <> 'private');

-- name: agent_lock
select id from agents where id = $1 and user_id = (select app_user()) for no key update;

-- name: agent_list
-- Two walks, each along its index for one page: one's own, and what others share.
select a.id, a.user_id, a.name, a.description, a.kind, a.endpoint_url, a.model, a.has_credential, a.instructions,
       a.temperature, a.max_output_tokens, a.history_limit, a.visibility,
       array_to_json(a.starter_questions)::text as starters, a.auth, a.client_id, a.return_trace, a.mlflow_url, a.titles,
       a.tools::text as tools, a.embeddings_url, a.embeddings_model, a.has_embeddings_credential,
       a.user_id = (select app_user()) as is_own,
       ts(a.created_at) as created_at, ts(a.updated_at) as updated_at
  from ((select o.id
           from agents o
          where o.user_id = (select app_user())
            and (o.created_at, o.id) < (case when $1::timestamptz is null then 'infinity' else $1::timestamptz end,
                                        case when $2::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $2::uuid end)
          order by o.created_at desc, o.id desc
          limit $3)
        union all
        (select s.id
           from agents s
          where s.visibility <> 'private' and s.user_id <> (select app_user())
            and (s.created_at, s.id) < (case when $1::timestamptz is null then 'infinity' else $1::timestamptz end,
                                        case when $2::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $2::uuid end)
          order by s.created_at desc, s.id desc
          limit $3)) page
  join agents a on a.id = page.id
 order by a.created_at desc, a.id desc
 limit $3;

-- name: agent_update
update agents
   set name = $2, description = $3, kind = $4, endpoint_url = $5, model = $6, instructions = $7, temperature = $8,
       max_output_tokens = $9, history_limit = $10, visibility = $11,
       starter_questions = coalesce($12::text[], starter_questions), auth = $13, client_id = $14, return_trace = $15,
       mlflow_url = $16, titles = $17, tools = coalesce($18::json, tools),
       embeddings_url = $19, embeddings_model = $20, updated_at = clock_timestamp()
 where id = $1 and user_id = (select app_user());

-- name: agent_set_credential
update agents set credential = $2 where id = $1 and user_id = (select app_user());

-- name: agent_set_embeddings_credential
update agents set embeddings_credential = $2 where id = $1 and user_id = (select app_user());

-- name: agent_delete
delete from agents where id = $1 and user_id = (select app_user()) returning id;

-- name: agent_test_add
-- Tests of an hour ago have been read or given up.
with old as (
    delete from agent_tests
     where agent_id = $2 and user_id = (select app_user()) and created_at < now() - interval '1 hour'
)
insert into agent_tests (id, user_id, agent_id)
select $1, a.user_id, a.id from agents a where a.id = $2 and a.user_id = (select app_user())
returning id, user_id;

-- name: agent_test_result
select result::text as result from agent_tests where id = $1 and user_id = (select app_user());

-- name: agent_test_load
select t.id, t.agent_id, a.kind, a.endpoint_url, a.model, a.credential, a.auth, a.client_id
  from agent_tests t
  join agents a on a.id = t.agent_id
 where t.id = $1;

-- name: agent_test_finish
update agent_tests set status = 'done', result = $2::jsonb where id = $1 and status = 'queued';
