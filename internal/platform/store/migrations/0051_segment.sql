-- Segments: a saved question about people, or a saved list of them.
CREATE TABLE segments (
	id         TEXT NOT NULL PRIMARY KEY,
	name       TEXT NOT NULL,
	note       TEXT NOT NULL,
	kind       TEXT NOT NULL CHECK (kind IN ('dynamic', 'static')),
	condition  TEXT NOT NULL, -- JSON; null for static
	version    BIGINT NOT NULL,
	size       BIGINT NOT NULL,
	as_of      BIGINT,          -- when the members were computed
	computed   BIGINT NOT NULL, -- version of the condition that the members were computed with
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	archived   BOOLEAN NOT NULL
);

CREATE TABLE segment_versions (
	segment_id TEXT NOT NULL REFERENCES segments (id),
	version    BIGINT NOT NULL,
	name       TEXT NOT NULL,
	note       TEXT NOT NULL,
	condition  TEXT NOT NULL,
	changed_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (segment_id, version)
);

-- Members as roaring bitmaps, one row for every 65,536 customer numbers that hold somebody.
CREATE TABLE segment_members (
	segment_id TEXT NOT NULL REFERENCES segments (id),
	chunk      BIGINT NOT NULL, -- customer number >> 16
	people     BLOB NOT NULL,
	PRIMARY KEY (segment_id, chunk)
);

CREATE TABLE segment_sizes (
	segment_id TEXT NOT NULL REFERENCES segments (id),
	day        TEXT NOT NULL, -- YYYY-MM-DD of the business zone
	size       BIGINT NOT NULL,
	entered    BIGINT NOT NULL,
	left_      BIGINT NOT NULL,
	version    BIGINT NOT NULL, -- version of the condition the size was computed with
	PRIMARY KEY (segment_id, day)
);
