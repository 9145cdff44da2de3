-- name: site_page_list
-- One row without a page when the source has none on this page.
select s.id as source, p.id, p.source_id, p.url, p.status, p.reason, p.detail, p.canonical_id, p.depth, p.http_status,
       p.content_type, p.bytes, p.title, left(p.content, 1000) as content, p.language, p.chunk_count,
       ts(p.fetched_at) as fetched_at, ts(p.changed_at) as changed_at, ts(p.created_at) as created_at,
       ts(p.updated_at) as updated_at
  from sources s
  left join lateral (select *
                       from pages l
                      where l.source_id = s.id and l.user_id = s.user_id
                        and ($2::text is null or l.status = $2)
                        and ($3::text is null or position(lower($3) in lower(coalesce(l.url, ''))) > 0
                             or position(lower($3) in lower(l.title)) > 0)
                        and (l.created_at, l.id) > (case when $4::timestamptz is null then '-infinity' else $4::timestamptz end,
                                                    coalesce($5::uuid, '00000000-0000-0000-0000-000000000000'))
                      order by l.created_at, l.id
                      limit $6) p on true
 where s.id = $1 and s.user_id = (select app_user())
 order by p.created_at, p.id;

-- name: site_page_get
select p.id, p.source_id, p.url, p.status, p.reason, p.detail, p.canonical_id, p.depth, p.http_status, p.content_type,
       p.bytes, p.title, p.content, p.language, p.chunk_count, ts(p.fetched_at) as fetched_at,
       ts(p.changed_at) as changed_at, ts(p.created_at) as created_at, ts(p.updated_at) as updated_at
  from pages p
 where p.id = $1 and p.user_id = (select app_user());

-- name: site_page_chunks
select position, heading, content from chunks where page_id = $1 and user_id = (select app_user()) order by position;
