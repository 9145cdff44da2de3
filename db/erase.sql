-- name: user_end
select user_end($1) as ended;

-- name: user_erase
select user_erase($1, $2::int) as n;
