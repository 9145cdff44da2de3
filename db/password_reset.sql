-- name: password_reset_add
select password_reset_add($1, $2, $3);

-- name: password_reset_use
select password_reset_use($1, $2) as user_id;
