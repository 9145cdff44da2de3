-- name: retrieval_index
select segment_id, docs, words, bits, languages from passages_index($1);

-- name: retrieval_parts
select segment_id, bucket, bytes from passages_parts($1, $2::bigint[], $3::int[]);

-- name: retrieval_vectors
select chunk_id, vector from passages_vectors($1, $2::int);

-- name: retrieval_terms_of
select place, chunk_id, page_id, terms from passages_terms_of($1, $2::uuid[]);
