-- name: retrieval_index
select docs, words, languages from passages_index($1);

-- name: retrieval_buckets
select segment_id, docs, bits, bucket, postings from passages_buckets($1, $2::bigint[]);

-- name: retrieval_terms
select place, chunk_id, page_id, terms from passages_terms($1, $2::bigint[], $3::int[]);

-- name: retrieval_vectors
select chunk_id, vector from passages_vectors($1, $2::int);

-- name: retrieval_terms_of
select place, chunk_id, page_id, terms from passages_terms_of($1, $2::uuid[]);
