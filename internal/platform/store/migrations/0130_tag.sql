-- Groups of tags; a group within a group is a category.
CREATE TABLE tag_groups (
	id       TEXT NOT NULL PRIMARY KEY,
	name     TEXT NOT NULL,
	parent   TEXT REFERENCES tag_groups (id),
	position BIGINT NOT NULL
);

-- Tags: what is said of people, by hand or by what they did. A statistic is a family: its values are tags whose parent it is.
CREATE TABLE tags (
	id         TEXT NOT NULL PRIMARY KEY,
	group_id   TEXT NOT NULL REFERENCES tag_groups (id),
	parent     TEXT REFERENCES tags (id),
	value      TEXT, -- which value of its parent it is
	name       TEXT NOT NULL,
	note       TEXT NOT NULL,
	owner      TEXT NOT NULL, -- staff id, or empty
	kind       TEXT NOT NULL CHECK (kind IN ('manual', 'import', 'rule', 'statistic', 'keyword', 'fuzzy')),
	colour     TEXT NOT NULL,
	cycle      TEXT NOT NULL CHECK (cycle IN ('', 'live', 'daily', 'monthly')),
	rule       TEXT NOT NULL, -- JSON, null for other kinds; so are the three below
	statistic  TEXT NOT NULL,
	keywords   TEXT NOT NULL,
	fuzzy      TEXT NOT NULL,
	version    BIGINT NOT NULL, -- of how it is told who carries it
	size       BIGINT NOT NULL,
	as_of      BIGINT,          -- when it was last told
	computed   BIGINT NOT NULL, -- version it was told with
	moved_at   BIGINT,          -- when somebody last came or went
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	archived   BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX tags_value ON tags (parent, value);
CREATE INDEX tags_group ON tags (group_id);

-- Who carries a tag, as roaring bitmaps, one row for every 65,536 customer numbers that hold somebody. Beside tags, the evidence of fuzzy
-- tags has lists here, so that the column refers to nothing.
CREATE TABLE tag_members (
	tag_id TEXT NOT NULL,
	chunk  BIGINT NOT NULL, -- customer number >> 16
	people BLOB NOT NULL,
	PRIMARY KEY (tag_id, chunk)
);
CREATE INDEX tag_members_chunk ON tag_members (chunk);

CREATE TABLE tag_sizes (
	tag_id  TEXT NOT NULL REFERENCES tags (id),
	day     TEXT NOT NULL, -- YYYY-MM-DD of the business zone
	size    BIGINT NOT NULL,
	entered BIGINT NOT NULL,
	left_   BIGINT NOT NULL,
	version BIGINT NOT NULL,
	PRIMARY KEY (tag_id, day)
);

-- How sure a fuzzy tag is of people: the confidence was this much at that instant and fades since.
CREATE TABLE tag_beliefs (
	tag_id     TEXT NOT NULL REFERENCES tags (id),
	customer   BIGINT NOT NULL,
	confidence DOUBLE PRECISION NOT NULL,
	at         BIGINT NOT NULL,
	pinned     TEXT NOT NULL CHECK (pinned IN ('', 'yes', 'no')), -- a person has decided
	why        TEXT NOT NULL,
	PRIMARY KEY (tag_id, customer)
);

-- How far the reading of texts for keyword tags has come in the stream.
CREATE TABLE tag_cursors (
	name TEXT NOT NULL PRIMARY KEY,
	seq  BIGINT NOT NULL
);

-- Samples of carriers that somebody judges, and the judgements.
CREATE TABLE tag_audits (
	id          TEXT NOT NULL PRIMARY KEY,
	tag_id      TEXT NOT NULL REFERENCES tags (id),
	version     BIGINT NOT NULL, -- of the tag
	seed        TEXT NOT NULL,
	people      BIGINT NOT NULL, -- who carried it when the sample was drawn
	sampled     BIGINT NOT NULL,
	judged      BIGINT NOT NULL,
	right_      BIGINT NOT NULL,
	started_by  TEXT NOT NULL,
	started_at  BIGINT NOT NULL,
	finished_at BIGINT
);
CREATE INDEX tag_audits_tag ON tag_audits (tag_id, started_at);
CREATE TABLE tag_verdicts (
	audit_id  TEXT NOT NULL REFERENCES tag_audits (id),
	place     BIGINT NOT NULL,
	customer  BIGINT NOT NULL,
	verdict   TEXT NOT NULL CHECK (verdict IN ('', 'right', 'wrong')),
	judged_by TEXT NOT NULL,
	judged_at BIGINT,
	PRIMARY KEY (audit_id, place)
);
