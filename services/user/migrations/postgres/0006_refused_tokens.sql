-- When the holder last said that HubSpot refuses its token, and when a worker last asked whose token HubSpot accepts.
ALTER TABLE lease ADD COLUMN token_refused_at bigint;
ALTER TABLE lease ADD COLUMN accepted_request_at bigint;
