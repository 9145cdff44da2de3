-- name: login_take
select login_take($1, $2, $3) as wait_s;

-- name: login_give_back
select login_give_back($1, $2, $3);
