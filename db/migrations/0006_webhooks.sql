-- revision: 0006
-- down_revision: 0005
-- summary: webhooks and their deliveries, counters of the workers

-- migrate:up

set local role offstage_owner;

-- A new id of the kind that the programs make: a UUIDv7, which sorts by its time.
create function uuid_new() returns uuid
    language sql volatile
as $$
    select (substr(t.hex, 1, 8) || '-' || substr(t.hex, 9, 4) || '-7' || substr(t.random, 16))::uuid
      from (select lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint), 12, '0') as hex,
                   gen_random_uuid()::text as random) t
$$;
grant execute on function uuid_new() to offstage_app, offstage_worker;

-- ---- webhooks -------------------------------------------------------------------

create table webhooks (
    id          uuid primary key,
    user_id     uuid not null references users on delete cascade,
    url         text not null check (length(url) between 1 and 2000),
    description text not null default '' check (length(description) <= 500),
    events      text[] not null check (cardinality(events) between 1 and 20),
    secret      text not null,
    active      boolean not null default true,
    created_at  timestamptz not null default now()
);
create index webhooks_user on webhooks (user_id, created_at, id);

-- One thing that is told to one webhook; `body` is what is sent and signed, byte by byte.
create table webhook_deliveries (
    id              uuid primary key,
    user_id         uuid not null references users on delete cascade,
    webhook_id      uuid not null references webhooks on delete cascade,
    job_id          uuid not null,
    event           text not null,
    subject_id      uuid not null,
    body            text not null,
    state           text not null default 'pending'
                        check (state in ('pending', 'delivered', 'failed', 'cancelled')),
    attempt         int not null default 0,
    response_status int,
    error           text,
    duration_ms     int,
    created_at      timestamptz not null default now(),
    tried_at        timestamptz,
    next_attempt_at timestamptz,
    check ((state = 'pending') or next_attempt_at is null)
) with (fillfactor = 85);
create index webhook_deliveries_webhook on webhook_deliveries (webhook_id, created_at desc, id desc);
create index webhook_deliveries_user on webhook_deliveries (user_id);
create index webhook_deliveries_created on webhook_deliveries (created_at);

-- A receiver that is slow holds up its own user's deliveries only.
insert into queues (id, name, max_running_user) values (6, 'webhook', 8);

-- ---- what the workers have counted --------------------------------------------------
-- Each adds what is new to it with its beat, so that a total outlives who has counted.
-- `name` is that of a sample in Prometheus' text format, with its labels.

create table counters (
    name  text primary key,
    value double precision not null
) with (fillfactor = 50);

-- ---- who may what ------------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['webhooks', 'webhook_deliveries'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
        execute format('create policy own on %I to offstage_app, offstage_worker using '
                       '(user_id = (select app_user()) or (select app_admin()))', t);
    end loop;
end $$;
create policy sweep on webhook_deliveries for delete to offstage_worker
    using (created_at < now() - interval '1 day' and state <> 'pending');
create policy sweep_read on webhook_deliveries for select to offstage_worker
    using (created_at < now() - interval '1 day' and state <> 'pending');

alter table counters enable row level security;
alter table counters force row level security;
create policy owner_role on counters to offstage_owner using (true) with check (true);
create policy everybody on counters for select to offstage_app, offstage_metrics using (true);
create policy worker on counters to offstage_worker using (true) with check (true);

grant select (id, user_id, url, description, events, active, created_at), insert, delete on webhooks to offstage_app;
grant select, insert, update on webhook_deliveries to offstage_app, offstage_worker;
grant delete on webhook_deliveries to offstage_worker;
grant select on webhooks to offstage_worker;
grant update (active) on webhooks to offstage_worker;
grant select on counters to offstage_app, offstage_metrics;
grant select, insert, update on counters to offstage_worker;

-- What is streamed can be told apart in the logs by the request that asked for it.
grant select (http_request_id) on requests to offstage_stream;

-- migrate:down

set local role offstage_owner;
revoke select (http_request_id) on requests from offstage_stream;
delete from jobs where queue = 6;
delete from jobs_done where queue = 6;
delete from queues where id = 6;
drop table counters, webhook_deliveries, webhooks;
drop function uuid_new();
