-- revision: 0004
-- down_revision: 0003
-- summary: invitations, password resets, the identity of a proxy, throttled logins, quotas, the audit log

-- migrate:up

set local role offstage_owner;

-- ---- who is let in -----------------------------------------------------------------

-- What is mailed is the id and a signature of it, which nothing here can make.
create table invitations (
    id          uuid primary key,
    user_id     uuid references users on delete set null, -- who invited; null: the operator
    email       text not null check (length(email) between 3 and 320),
    role        text not null check (role in ('user', 'admin')),
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid references users on delete set null
);
create index invitations_created on invitations (created_at, id);
create index invitations_user on invitations (user_id);
create index invitations_accepted_by on invitations (accepted_by);

create table password_resets (
    id         uuid primary key,
    user_id    uuid not null references users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index password_resets_user on password_resets (user_id, created_at);
create index password_resets_expires on password_resets (expires_at);

-- The new account of the transaction was invited: it gets the role that was offered. Once.
create function invitation_accept(invitation uuid, account uuid) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    offered text;
begin
    update public.invitations i
       set accepted_at = now(), accepted_by = account
      from public.users u
     where i.id = invitation and i.accepted_at is null and i.expires_at > now()
       and u.id = account and account = public.app_user() and lower(u.email) = lower(i.email)
    returning i.role into offered;
    if offered is null then
        raise exception 'the invitation has been used, has ended, or is for another e-mail address'
            using errcode = 'OF422';
    end if;
    if offered = 'admin' then
        update public.users set role = 'admin' where id = account and role <> 'admin';
    end if;
end $$;

-- A reset for the caller, or by an admin; at most a few that are open, the eldest goes.
create function password_reset_add(reset uuid, account uuid, hours int) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    if account is distinct from public.app_user() and not public.app_admin() then
        raise exception 'user not found' using errcode = 'OF404';
    end if;
    delete from public.password_resets
     where user_id = account
       and id not in (select r.id from public.password_resets r where r.user_id = account
                       order by r.created_at desc limit 2);
    insert into public.password_resets (id, user_id, expires_at)
    values (reset, account, now() + make_interval(hours => hours));
end $$;

-- The new password of whom the reset is for. All their sessions end, and what else was mailed
-- to them is void. They are the caller from here on.
create function password_reset_use(reset uuid, hash text) returns uuid
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    account uuid;
begin
    delete from public.password_resets r
     using public.users u
     where r.id = reset and r.expires_at > now() and u.id = r.user_id and not u.disabled
    returning u.id into account;
    if account is null then
        raise exception 'the link has been used or has ended: ask for another' using errcode = 'OF422';
    end if;
    delete from public.password_resets where user_id = account;
    delete from public.sessions where user_id = account;
    update public.users set password_hash = hash, updated_at = now() where id = account;
    perform set_config('app.user_id', account::text, true), pg_notify('session', '');
    return account;
end $$;

-- Who is disabled loses all sessions, and what was mailed to them.
create function user_cut_off() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    delete from public.sessions where user_id = new.id;
    delete from public.password_resets where user_id = new.id;
    perform pg_notify('session', '');
    return null;
end $$;
create trigger cut_off after update of disabled on users
    for each row when (new.disabled and not old.disabled) execute function user_cut_off();

-- ---- the identity that a proxy states -------------------------------------------------

-- Believed only of proxies that the operator lists; the app and the gateway see to that.
create function auth_proxy(address text)
    returns table (user_id uuid, role text, credential_id uuid, scope text, stale boolean, good_until timestamptz,
                   epoch bigint, requests_per_minute int, unfinished_max int, tokens_per_day bigint)
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select u.id, u.role, u.id, 'admin', false, null::timestamptz, (select e.n from public.auth_epoch e),
               null::int, null::int, null::bigint
          from public.users u
         where lower(u.email) = lower(address)
           and not u.disabled
           and set_config('app.user_id', u.id::text, true) is not null;
end $$;

-- Sessions, keys, and users whom a proxy has named.
create or replace function auth_still_good(ids uuid[]) returns setof uuid
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
    union all
    select u.id
      from public.users u
     where u.id = any (ids)
       and not u.disabled
$$;

-- ---- limits of keys ----------------------------------------------------------------------

-- Null: none beside those of the key's user.
alter table api_keys
    add column requests_per_minute int check (requests_per_minute > 0),
    add column unfinished_max int check (unfinished_max > 0),
    add column tokens_per_day bigint check (tokens_per_day > 0);

drop function auth_key(bytea);
create function auth_key(hash bytea)
    returns table (user_id uuid, role text, credential_id uuid, scope text, stale boolean, good_until timestamptz,
                   epoch bigint, requests_per_minute int, unfinished_max int, tokens_per_day bigint)
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select u.id, u.role, k.id, k.scope,
               k.last_used_at is null or k.last_used_at < now() - interval '5 minutes',
               k.expires_at, (select e.n from public.auth_epoch e), k.requests_per_minute, k.unfinished_max,
               k.tokens_per_day
          from public.api_keys k
          join public.users u on u.id = k.user_id
         where k.key_hash = hash
           and (k.expires_at is null or k.expires_at > now())
           and not u.disabled
           and set_config('app.user_id', u.id::text, true) is not null;
end $$;

-- ---- logins ----------------------------------------------------------------------------

-- A try is paid for before the password is looked at. Each row is a bucket that is whole again at
-- `until`, which a try moves on by its price. The keys are hashes, for they are addresses of
-- people who may have no account here.
create table login_tries (
    key   bytea primary key,
    until timestamptz not null
) with (fillfactor = 50);
create index login_tries_until on login_tries (until);

-- The buckets of a try and how many times the rate each may take at once: the account from one
-- network (/24 or /64), the network, the account from everywhere.
create function login_buckets(email text, address text) returns table (key bytea, size int, own boolean)
    language sql stable
    set search_path = pg_catalog, public, pg_temp
as $$
    with net as (
        select case when address ~ '^[0-9a-fA-F.:]+$'
                    then host(network(set_masklen(address::inet, case family(address::inet) when 4 then 24 else 64 end)))
                    else '' end as name
    )
    select sha256(convert_to(b.key, 'UTF8')), b.size, b.size = 1
      from net
     cross join lateral (values ('both ' || lower(email) || ' ' || net.name, 1), ('net ' || net.name, 10),
                                ('account ' || lower(email), 10)) b (key, size)
     order by 1
$$;

-- Take a try. The seconds to wait when there is none to be had; then nothing may be committed.
create function login_take(email text, address text, per_minute int) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    b    record;
    refilled timestamptz;
    wait int := 0;
begin
    -- Most tries of a flood end here: without a lock, or anything that is written and undone.
    select max(ceil(extract(epoch from t.until + interval '60 s' / (per_minute * s.size) - clock_timestamp()) - 60))
      into wait
      from public.login_buckets(email, address) s
      join public.login_tries t on t.key = s.key;
    if wait > 0 then
        return wait;
    end if;
    wait := 0;
    for b in select * from public.login_buckets(email, address) loop
        insert into public.login_tries as t (key, until)
        values (b.key, clock_timestamp() + interval '60 s' / (per_minute * b.size))
        on conflict (key) do update
           set until = greatest(t.until, clock_timestamp()) + interval '60 s' / (per_minute * b.size)
        returning until into refilled;
        wait := greatest(wait, ceil(extract(epoch from refilled - clock_timestamp()) - 60)::int);
    end loop;
    return wait;
end $$;

-- The password was right: what the try cost is given back, and the bucket of the account in this
-- network is full again.
create function login_give_back(email text, address text, per_minute int) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    b record;
begin
    for b in select * from public.login_buckets(email, address) loop
        if b.own then
            delete from public.login_tries where key = b.key;
        else
            update public.login_tries set until = until - interval '60 s' / (per_minute * b.size) where key = b.key;
        end if;
    end loop;
end $$;

-- ---- quotas ----------------------------------------------------------------------------

-- What a user or a key has used of limits that are set; no row without one. Requests are a
-- bucket as above; tokens are those of `day` in UTC that were settled. What is reserved is not
-- kept here but summed up from the unfinished requests, so that nothing can be left over.
create table quotas (
    holder_id uuid primary key, -- of the user or the key
    user_id   uuid not null references users on delete cascade,
    until     timestamptz not null default '-infinity',
    day       date not null default '-infinity',
    tokens    bigint not null default 0
) with (fillfactor = 50);
create index quotas_user on quotas (user_id);

alter table requests
    add column key_id uuid,
    add column reserved_tokens int;

-- One holder's part of quota_take(). Locks its row, so that of parallel requests each sees
-- what those before it have taken. refused is null, or says what there is no more of.
create function quota_take_one(holder uuid, owner uuid, per_minute int, unfinished_max int, per_day bigint, reserve int,
                               out refused text, out retry_s int, out requests_left int, out requests_reset_s int,
                               out tokens_left bigint)
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    step       interval := interval '60 s' / nullif(per_minute, 0);
    refilled       timestamptz;
    used       bigint;
    unfinished bigint;
    reserved   bigint;
    today      date := (clock_timestamp() at time zone 'UTC')::date;
begin
    insert into public.quotas as q (holder_id, user_id, until, day)
    values (holder, owner, coalesce(clock_timestamp() + step, '-infinity'), today)
    on conflict (holder_id) do update
       set until = coalesce(greatest(q.until, clock_timestamp()) + step, q.until),
           tokens = case when q.day < today then 0 else q.tokens end,
           day = greatest(q.day, today)
    returning q.until, q.tokens into refilled, used;
    if per_minute > 0 then
        requests_reset_s := greatest(ceil(extract(epoch from refilled - clock_timestamp())), 0);
        requests_left := floor(per_minute * (60 - extract(epoch from refilled - clock_timestamp())) / 60 + 0.0001);
        if refilled > clock_timestamp() + interval '60 s' then
            refused := format('%s requests a minute are allowed', per_minute);
            retry_s := greatest(ceil(extract(epoch from refilled - clock_timestamp()) - 60), 1);
            requests_left := 0;
        end if;
    end if;
    if unfinished_max > 0 or per_day > 0 then
        select count(*), coalesce(sum(r.reserved_tokens), 0) into unfinished, reserved
          from public.requests r
         where r.user_id = owner and r.completed_at is null and (holder = owner or r.key_id = holder);
        if unfinished >= unfinished_max and unfinished_max > 0 and refused is null then
            refused := format('%s responses are unfinished: wait for some to end', unfinished_max);
            retry_s := 1;
        end if;
    end if;
    if per_day > 0 then
        tokens_left := greatest(per_day - used - reserved - reserve, 0);
        if used + reserved + reserve > per_day and refused is null then
            refused := format('%s tokens a day are allowed', per_day);
            retry_s := case when reserved > 0 then 1
                       else ceil(extract(epoch from (today + 1)::timestamp at time zone 'UTC' - clock_timestamp())) end;
        end if;
    end if;
end $$;

-- What a request may cost is set aside before it is made: requests of a minute, unfinished
-- responses, tokens of a day, of the user and of the key. 0 is no limit. One row each that has
-- limits; when one is refused nothing may be committed.
create function quota_take(owner uuid, user_per_minute int, user_unfinished_max int, user_per_day bigint, key uuid,
                           key_per_minute int, key_unfinished_max int, key_per_day bigint, reserve int)
    returns table (holder text, refused text, retry_s int, requests_left int, requests_reset_s int, tokens_left bigint)
    language plpgsql volatile
as $$
begin
    if user_per_minute > 0 or user_per_day > 0 then
        return query select 'user', q.*
                       from quota_take_one(owner, owner, user_per_minute, user_unfinished_max, user_per_day, reserve) q;
    end if;
    if key_per_minute > 0 or key_unfinished_max > 0 or key_per_day > 0 then
        return query select 'key', q.*
                       from quota_take_one(key, owner, key_per_minute, key_unfinished_max, key_per_day, reserve) q;
    end if;
end $$;

-- A request has ended: what it really took is charged to its user and its key, today.
create function quota_settle(owner uuid, key uuid, taken bigint) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    today  date := (clock_timestamp() at time zone 'UTC')::date;
    holder uuid;
begin
    -- In quota_take()'s order, so that nobody waits in a circle.
    for holder in select h.id from unnest(array[owner, key]) with ordinality h (id, n) order by h.n loop
        update public.quotas
           set tokens = taken + case when day < today then 0 else tokens end, day = greatest(day, today)
         where user_id = owner and holder_id = holder;
    end loop;
end $$;

-- ---- the audit log -----------------------------------------------------------------------

-- What is written is listed in db/audit.h. Nobody may change or remove a row; weeks leave whole.
create table audit_entries (
    id            uuid not null,
    at            timestamptz not null default clock_timestamp(),
    action        text not null,
    user_id       uuid, -- who did it; null: nobody who is known
    credential_id uuid, -- under which session or key
    subject_id    uuid, -- to what or whom
    address       text,
    request_id    text,
    detail        text,
    primary key (id)
) partition by range (id);
create table audit_entries_rest partition of audit_entries default;
create index audit_entries_user on audit_entries (user_id, id) where user_id is not null;
select partition_sweep('audit_entries', 100000);

-- ---- who may what --------------------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['invitations', 'password_resets', 'login_tries', 'quotas', 'audit_entries'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
    end loop;
end $$;
create policy admin on invitations to offstage_app using ((select app_admin())) with check ((select app_admin()));
create policy read on invitations for select to offstage_worker using (expires_at > now());
create policy own on quotas for select to offstage_app using (user_id = (select app_user()));
create policy sweep on password_resets for delete to offstage_worker using (expires_at < now());
create policy sweep_read on password_resets for select to offstage_worker using (expires_at < now());
create policy sweep on login_tries for delete to offstage_worker using (until < now() - interval '1 hour');
create policy sweep_read on login_tries for select to offstage_worker using (until < now() - interval '1 hour');
create policy add on audit_entries for insert to offstage_app
    with check (user_id is null or user_id = (select app_user()));
create policy read on audit_entries for select to offstage_app using ((select app_admin()));

grant select, insert, delete on invitations to offstage_app;
grant select on invitations to offstage_worker;
grant select, delete on password_resets, login_tries to offstage_worker;
grant select on quotas to offstage_app;
grant select, insert on audit_entries to offstage_app;
grant execute on function invitation_accept(uuid, uuid), password_reset_use(uuid, text), login_take(text, text, int),
    login_give_back(text, text, int) to offstage_app;
grant execute on function password_reset_add(uuid, uuid, int) to offstage_app, offstage_worker;
grant execute on function auth_account(text) to offstage_worker;
grant execute on function auth_proxy(text), auth_key(bytea) to offstage_app, offstage_stream;
grant execute on function quota_take_one(uuid, uuid, int, int, bigint, int),
    quota_take(uuid, int, int, bigint, uuid, int, int, bigint, int) to offstage_app;
grant execute on function quota_settle(uuid, uuid, bigint) to offstage_app, offstage_worker;

-- migrate:down

set local role offstage_owner;
drop table audit_entries, quotas, login_tries, password_resets, invitations;
drop trigger cut_off on users;
drop function quota_settle(uuid, uuid, bigint), quota_take(uuid, int, int, bigint, uuid, int, int, bigint, int),
    quota_take_one(uuid, uuid, int, int, bigint, int), login_give_back(text, text, int), login_take(text, text, int),
    login_buckets(text, text), auth_proxy(text), user_cut_off(), password_reset_use(uuid, text),
    password_reset_add(uuid, uuid, int), invitation_accept(uuid, uuid), auth_key(bytea);
alter table requests drop column key_id, drop column reserved_tokens;
alter table api_keys drop column requests_per_minute, drop column unfinished_max, drop column tokens_per_day;
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
grant execute on function auth_key(bytea) to offstage_app, offstage_stream;
revoke execute on function auth_account(text) from offstage_worker;
create or replace function auth_still_good(ids uuid[]) returns setof uuid
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
