-- name: passage_search
select chunk_id, source_id, title, heading, content, score from passages_search($1, $2, $3);
