-- name: counter_add
-- In the order of their names, so that two workers never wait for each other in a circle.
insert into counters as c (name, value)
select n.name, n.value::double precision
  from unnest($1::text[], $2::text[]) n (name, value)
 order by n.name
on conflict (name) do update set value = c.value + excluded.value;

-- name: counter_list
select name, value
  from counters
 order by split_part(name, '{', 1), regexp_replace(name, ',?le="[^"]*"', ''),
          substring(name from 'le="([^"]*)"')::double precision;
