-- The demo brand: how far its clock has come and what its people have in mind. One row, only in a demo directory.
CREATE TABLE demo_brands (
	id TEXT PRIMARY KEY,
	now BIGINT NOT NULL,
	heard_until BIGINT,
	ready BOOLEAN NOT NULL,
	world BLOB NOT NULL
);
