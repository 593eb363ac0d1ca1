-- Other systems that are told who enters and leaves a segment.
CREATE TABLE segment_hooks (
	id            TEXT NOT NULL PRIMARY KEY,
	segment_id    TEXT NOT NULL REFERENCES segments (id),
	name          TEXT NOT NULL,
	url           TEXT NOT NULL,
	secret        TEXT NOT NULL,    -- sealed
	allow_private BOOLEAN NOT NULL, -- addresses inside this machine's network
	state         TEXT NOT NULL CHECK (state IN ('active', 'paused', 'dead')),
	seq           BIGINT NOT NULL,  -- position in the stream up to which everything is delivered
	failing_since BIGINT,           -- first failure after the last success
	tries         BIGINT NOT NULL,  -- since then
	next_at       BIGINT,           -- when it is tried again
	error         TEXT NOT NULL,    -- of the last try, empty after a success
	delivered     BIGINT NOT NULL,  -- changes
	delivered_at  BIGINT,           -- the last of them
	version       BIGINT NOT NULL,  -- of what people decide about it
	created_by    TEXT NOT NULL,
	created_at    BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL
);
CREATE INDEX segment_hooks_segment ON segment_hooks (segment_id);

-- The last requests of each, for people to look at.
CREATE TABLE segment_hook_deliveries (
	id      TEXT NOT NULL PRIMARY KEY,
	hook_id TEXT NOT NULL,
	at      BIGINT NOT NULL,
	test    BOOLEAN NOT NULL,
	changes BIGINT NOT NULL,
	status  BIGINT NOT NULL, -- of HTTP; 0 for no answer
	ok      BOOLEAN NOT NULL,
	said    TEXT NOT NULL,   -- the beginning of the answer
	millis  BIGINT NOT NULL
);
CREATE INDEX segment_hook_deliveries_hook ON segment_hook_deliveries (hook_id, id);
