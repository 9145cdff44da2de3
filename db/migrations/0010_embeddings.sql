-- revision: 0010
-- down_revision: 0009
-- summary: embeddings of chunks and of questions

-- migrate:up

set local role offstage_owner;

-- Where an agent's texts become vectors: an OpenAI-compatible server's /v1/embeddings.
alter table agents
    add column embeddings_url text check (length(embeddings_url) <= 2000),
    add column embeddings_model text check (length(embeddings_model) between 1 and 200),
    add column embeddings_credential text,
    add column has_embeddings_credential boolean not null
        generated always as (embeddings_credential is not null) stored,
    add check (embeddings_url is null or embeddings_model is not null);
grant select (embeddings_url, embeddings_model, has_embeddings_credential) on agents to offstage_app;

-- What the agent's present model makes of a chunk, one signed byte a dimension (lib/vector.h);
-- empty for a text that it does not take. When the model changes all of them go.
create table chunk_vectors (
    chunk_id uuid primary key references chunks on delete cascade,
    user_id  uuid not null references users on delete cascade,
    agent_id uuid not null references agents on delete cascade,
    vector   bytea not null check (octet_length(vector) <= 4096)
);
alter table chunk_vectors alter column vector set storage external;
create index chunk_vectors_agent on chunk_vectors (agent_id);
create index chunk_vectors_user on chunk_vectors (user_id);

-- A question that a search waits to have embedded: the app adds the row and its job, a worker
-- writes the vector, or that there is none.
create table question_vectors (
    id         uuid primary key,
    user_id    uuid not null references users on delete cascade,
    agent_id   uuid not null references agents on delete cascade,
    question   text not null check (length(question) <= 2000),
    vector     bytea,
    done       boolean not null default false,
    created_at timestamptz not null default now()
);
create index question_vectors_user on question_vectors (user_id, created_at);
create index question_vectors_agent on question_vectors (agent_id);

-- ---- searching ------------------------------------------------------------------------

create function passages_vectors(agent uuid, dimensions int) returns table (chunk_id uuid, vector bytea)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select v.chunk_id, v.vector
          from public.chunk_vectors v
         where v.agent_id = agent and octet_length(v.vector) = dimensions and public.passages_allowed(agent);
end $$;

create function passages_terms_of(agent uuid, ids uuid[])
    returns table (place int, chunk_id uuid, page_id uuid, terms bytea)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select w.place::int, c.id, c.page_id, c.terms
          from unnest(ids) with ordinality as w (id, place)
          join public.chunks c on c.id = w.id and c.agent_id = agent
         where public.passages_allowed(agent)
         order by w.place;
end $$;

-- Where an agent's questions are embedded, for whoever may use it; the key is sealed.
create function agent_embeddings(agent uuid)
    returns table (url text, model text, credential text)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select g.embeddings_url, g.embeddings_model, g.embeddings_credential
          from public.agents g
         where g.id = agent and g.embeddings_url is not null and public.passages_allowed(agent);
end $$;

-- Whether that is still where the agent's texts are embedded; it stays so until the transaction ends.
create function agent_embeds(agent uuid, at_url text, by_model text) returns boolean
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform from public.agents g
      where g.id = agent and g.embeddings_url = at_url and g.embeddings_model = by_model
        for share;
    return found;
end $$;

-- ---- who may see what ------------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['chunk_vectors', 'question_vectors'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
        execute format('create policy own on %I to offstage_app, offstage_worker using '
                       '(user_id = (select app_user()) or (select app_admin()))', t);
    end loop;
end $$;
grant select, delete on chunk_vectors to offstage_app;
grant select, insert, delete on chunk_vectors to offstage_worker;
grant select, insert, delete on question_vectors to offstage_app;
grant select, update on question_vectors to offstage_worker;
grant execute on function passages_vectors(uuid, int), passages_terms_of(uuid, uuid[]) to offstage_app, offstage_worker;
grant execute on function agent_embeddings(uuid), agent_embeds(uuid, text, text) to offstage_worker;

-- migrate:down

set local role offstage_owner;
drop function agent_embeds(uuid, text, text), agent_embeddings(uuid), passages_terms_of(uuid, uuid[]), passages_vectors(uuid, int);
drop table question_vectors, chunk_vectors;
alter table agents
    drop column embeddings_url, drop column embeddings_model, drop column has_embeddings_credential,
    drop column embeddings_credential;
