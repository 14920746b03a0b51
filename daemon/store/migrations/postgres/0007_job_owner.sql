-- The access token on whose behalf a job runs, by its public id; empty for jobs from before.
alter table job_payloads add column token_id text not null default '';
