-- name: cancel_list
select n.job_id from job_notes n join jobs j on j.id = n.job_id where n.cancel and j.lease = $1;
