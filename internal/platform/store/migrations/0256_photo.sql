-- Pictures that customers took: of broken goods, of goods in use. used_by is the case or review that shows them; empty ones go
-- after a day. Encoded anew, so that nothing but pixels is kept.
CREATE TABLE photos (
    id TEXT PRIMARY KEY,
    customer BIGINT NOT NULL,
    used_by TEXT NOT NULL,
    kind TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX photos_customer ON photos (customer, used_by);
CREATE INDEX photos_used ON photos (used_by, at);
CREATE TABLE photo_files (
    photo TEXT NOT NULL,
    width BIGINT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (photo, width)
);
