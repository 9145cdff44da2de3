-- name: be_user
select set_config('app.user_id', $1, true);

-- name: be_admin
select set_config('app.admin', 'on', true);
