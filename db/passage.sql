-- name: passage_load
select chunk_id, source_id, page_id, title, url, heading, anchor, content from passages_load($1, $2::uuid[]);
