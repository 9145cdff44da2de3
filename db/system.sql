-- name: system_schema
select coalesce(max(revision collate "C"), '') as applied, coalesce(bool_or(revision = $1), false) as fits
  from schema_revision;
