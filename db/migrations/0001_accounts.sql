-- revision: 0001
-- down_revision: none
-- summary: roles, users, sessions, API keys

-- migrate:up

-- Roles belong to the cluster, so another database may have made them already.
-- Each may log in by itself; a login role that is a member may SET ROLE to it.
do $$
declare
    r text;
begin
    foreach r in array array['offstage_owner', 'offstage_app', 'offstage_stream', 'offstage_worker',
                             'offstage_metrics'] loop
        if not exists (select from pg_roles where rolname = r) then
            begin
                execute format('create role %I login nosuperuser nobypassrls', r);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
        if not pg_has_role(current_user, r, 'member') then
            execute format('grant %I to %I', r, current_user);
        end if;
    end loop;
    execute format('grant create on database %I to offstage_owner', current_database());
end $$;
grant usage, create on schema public to offstage_owner;
grant usage on schema public to offstage_app, offstage_stream, offstage_worker, offstage_metrics;
grant select on schema_revision to offstage_app, offstage_stream, offstage_worker, offstage_metrics;
set local role offstage_owner;
alter default privileges revoke execute on functions from public;

-- The caller of the transaction. After a transaction-local set_config the
-- setting reads as '' rather than NULL, hence nullif.
create function app_user() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;

create function app_admin() returns boolean
    language sql stable parallel safe
    return coalesce(current_setting('app.admin', true), '') = 'on';

-- The one spelling of times in the API: RFC 3339, UTC, microseconds. Stable, as to_char()
-- is: declared immutable it could not be inlined, and would cost several times as much.
create function ts(t timestamptz) returns text
    language sql stable strict parallel safe
    return to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

grant execute on function app_user(), app_admin(), ts(timestamptz)
    to offstage_app, offstage_stream, offstage_worker, offstage_metrics;

-- ---- partitions ---------------------------------------------------------------
-- Tables whose rows expire by age are partitioned by range of their UUIDv7, which
-- begins with its time: a week is one range of ids, and leaves by DROP.

create function uuid_at(t timestamptz) returns uuid
    language sql immutable strict parallel safe
    return (lpad(to_hex((extract(epoch from t) * 1000)::bigint), 12, '0') || '70000000000000000000')::uuid;

-- Make the weekly partitions of a table from a week ago to three weeks ahead, and
-- drop those that ended more than keep_days ago. Returns how many were dropped. Both wait for whoever
-- reads the table, a backup for instance, and all others would wait behind: then it is for another time.
create function partition_sweep(parent text, keep_days int) returns int
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
    set lock_timeout = '100ms'
as $$
declare
    week    timestamptz;
    part    text;
    dropped int := 0;
begin
    if not exists (select from pg_partitioned_table where partrelid = to_regclass('public.' || quote_ident(parent))) then
        raise exception 'no such partitioned table: %', parent;
    end if;
    for n in -1 .. 3 loop
        week := date_trunc('week', now() at time zone 'UTC') at time zone 'UTC' + n * interval '7 days';
        part := parent || to_char(week at time zone 'UTC', '_YYYYMMDD');
        continue when to_regclass('public.' || part) is not null;
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                       part, parent, public.uuid_at(week), public.uuid_at(week + interval '7 days'));
    end loop;
    for part in
        select c.relname
          from pg_inherits i
          join pg_class c on c.oid = i.inhrelid
         where i.inhparent = to_regclass('public.' || parent)
           and c.relname ~ '_[0-9]{8}$'
           and to_date(right(c.relname, 8), 'YYYYMMDD') + 7 < (now() at time zone 'UTC')::date - keep_days
    loop
        execute format('drop table public.%I', part);
        dropped := dropped + 1;
    end loop;
    return dropped;
exception when lock_not_available then
    return 0;
end $$;
grant execute on function uuid_at(timestamptz) to offstage_app, offstage_stream, offstage_worker;
grant execute on function partition_sweep(text, int) to offstage_worker;

-- ---- accounts ----------------------------------------------------------------

create table users (
    id            uuid primary key,
    email         text not null check (length(email) between 3 and 320),
    name          text not null check (length(name) between 1 and 200),
    password_hash text,
    role          text not null default 'user' check (role in ('user', 'admin')),
    disabled      boolean not null default false,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now()
);
create unique index users_email on users (lower(email));
create index users_created on users (created_at, id);

create table sessions (
    id           uuid primary key,
    user_id      uuid not null references users on delete cascade,
    token_hash   bytea not null unique check (length(token_hash) = 32),
    user_agent   text check (length(user_agent) <= 500),
    address      text,
    created_at   timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at   timestamptz not null,
    idle_s       int not null check (idle_s > 0)
);
create index sessions_user on sessions (user_id, created_at, id);
create index sessions_expires on sessions (expires_at);

create table api_keys (
    id           uuid primary key,
    user_id      uuid not null references users on delete cascade,
    name         text not null check (length(name) between 1 and 200),
    key_hash     bytea not null unique check (length(key_hash) = 32),
    hint         text not null,
    scope        text not null check (scope in ('read', 'write', 'admin')),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    last_used_at timestamptz
);
create index api_keys_user on api_keys (user_id, created_at, id);

-- A number that rises with every change that may end a credential or change what it allows,
-- in the change's own transaction: what was looked up at the same number still holds.
create table auth_epoch (
    one boolean primary key default true check (one),
    n   bigint not null
) with (fillfactor = 10);
insert into auth_epoch (n) values (0);

create function auth_changed() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    update public.auth_epoch set n = n + 1;
    return null;
end $$;
create trigger auth_changed after delete or update of role, disabled on users
    for each statement execute function auth_changed();
create trigger auth_changed after delete or update of user_id, token_hash, expires_at, idle_s on sessions
    for each statement execute function auth_changed();
create trigger auth_changed after delete or update of user_id, key_hash, scope, expires_at on api_keys
    for each statement execute function auth_changed();

-- True while there is no user; holds a lock to the end of the transaction, so
-- that of two first registrations one waits and is the second.
create function user_is_first() returns boolean
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    if exists (select from public.users) then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('offstage first user', 0));
    return not exists (select from public.users);
end $$;

-- Who holds this token? Nobody, when it is unknown, ended, or its user is
-- disabled. Makes that user the caller of the transaction. In plpgsql, which keeps
-- the plan: as an SQL function each request would plan it anew.
create function auth_session(hash bytea)
    returns table (user_id uuid, role text, credential_id uuid, scope text, stale boolean, good_until timestamptz,
                   epoch bigint)
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select u.id, u.role, s.id, 'admin', s.last_seen_at < now() - interval '5 minutes',
               least(s.expires_at, s.last_seen_at + make_interval(secs => s.idle_s)),
               (select e.n from public.auth_epoch e)
          from public.sessions s
          join public.users u on u.id = s.user_id
         where s.token_hash = hash
           and s.expires_at > now()
           and s.last_seen_at > now() - make_interval(secs => s.idle_s)
           and not u.disabled
           and set_config('app.user_id', u.id::text, true) is not null;
end $$;

create function auth_key(hash bytea)
    returns table (user_id uuid, role text, credential_id uuid, scope text, stale boolean, good_until timestamptz,
                   epoch bigint)
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select u.id, u.role, k.id, k.scope,
               k.last_used_at is null or k.last_used_at < now() - interval '5 minutes',
               k.expires_at, (select e.n from public.auth_epoch e)
          from public.api_keys k
          join public.users u on u.id = k.user_id
         where k.key_hash = hash
           and (k.expires_at is null or k.expires_at > now())
           and not u.disabled
           and set_config('app.user_id', u.id::text, true) is not null;
end $$;

-- Which of these credentials (sessions and keys) are still good: what the
-- gateway asks while it holds streams open.
create function auth_still_good(ids uuid[]) returns setof uuid
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
    select s.id
      from public.sessions s
      join public.users u on u.id = s.user_id
     where s.id = any (ids)
       and s.expires_at > now()
       and s.last_seen_at > now() - make_interval(secs => s.idle_s)
       and not u.disabled
    union all
    select k.id
      from public.api_keys k
      join public.users u on u.id = k.user_id
     where k.id = any (ids)
       and (k.expires_at is null or k.expires_at > now())
       and not u.disabled
$$;

-- The account of an address, for login: no caller is known yet.
create function auth_account(address text)
    returns table (user_id uuid, password_hash text, disabled boolean)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
    select u.id, u.password_hash, u.disabled
      from public.users u
     where lower(u.email) = lower(address)
$$;

grant execute on function user_is_first(), auth_account(text) to offstage_app;
grant execute on function auth_session(bytea), auth_key(bytea), auth_still_good(uuid[])
    to offstage_app, offstage_stream;

alter table users enable row level security;
alter table users force row level security;
create policy owner_role on users to offstage_owner using (true) with check (true);
create policy self on users to offstage_app
    using (id = (select app_user()) or (select app_admin()))
    with check ((id = (select app_user()) or (select app_admin()))
                and (role = 'user' or (select app_admin()) or user_is_first()));

alter table sessions enable row level security;
alter table sessions force row level security;
create policy owner_role on sessions to offstage_owner using (true) with check (true);
create policy own on sessions to offstage_app using (user_id = (select app_user()));
create policy sweep on sessions for delete to offstage_worker using (expires_at < now());
create policy sweep_read on sessions for select to offstage_worker using (expires_at < now());

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy owner_role on api_keys to offstage_owner using (true) with check (true);
create policy own on api_keys to offstage_app using (user_id = (select app_user()));

grant select, insert, update, delete on users, sessions, api_keys to offstage_app;
grant select on auth_epoch to offstage_app;
grant select (id, expires_at), delete on sessions to offstage_worker;

-- migrate:down

set local role offstage_owner;
drop table api_keys, sessions, users, auth_epoch;
drop function auth_changed(), auth_account(text), auth_still_good(uuid[]), auth_key(bytea), auth_session(bytea),
    user_is_first(), partition_sweep(text, int), uuid_at(timestamptz), ts(timestamptz), app_admin(), app_user();
alter default privileges grant execute on functions to public;
reset role;
revoke all on schema public from offstage_owner, offstage_app, offstage_stream, offstage_worker,
    offstage_metrics;
revoke all on schema_revision from offstage_app, offstage_stream, offstage_worker, offstage_metrics;
do $$
begin
    execute format('revoke all on database %I from offstage_owner', current_database());
end $$;
