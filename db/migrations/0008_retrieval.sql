-- revision: 0008
-- down_revision: 0007
-- summary: chunks belong to pages

-- migrate:up

set local role offstage_owner;

-- The page of a text is its source.
alter table chunks add column page_id uuid;
update chunks set page_id = source_id;
alter table chunks
    alter column page_id set not null,
    drop constraint chunks_source_id_position_key,
    add constraint chunks_page_id_position_key unique (page_id, position);
create index chunks_source on chunks (source_id);

-- migrate:down

set local role offstage_owner;
drop index chunks_source;
alter table chunks drop constraint chunks_page_id_position_key;
delete from chunks where page_id <> source_id;
alter table chunks add constraint chunks_source_id_position_key unique (source_id, position);
alter table chunks drop column page_id;
