-- Pages of the store. draft is what is being designed; what people see are versions, which never change. revision counts saves,
-- so that two who design at once are told.
CREATE TABLE store_pages (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    draft TEXT NOT NULL,
    revision BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

CREATE TABLE store_page_versions (
    page TEXT NOT NULL REFERENCES store_pages (id),
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    design TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (page, version)
);

-- When which version is shown; version 0 shows nothing. Of those whose time it is, the one that began last holds.
CREATE TABLE store_page_releases (
    id TEXT PRIMARY KEY,
    page TEXT NOT NULL REFERENCES store_pages (id),
    version BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    cancelled BOOLEAN NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE INDEX store_page_releases_page ON store_page_releases (page, starts_at);

-- What a customer looked at last in the store; id is made of the two, so that looking again is no second row.
CREATE TABLE store_views (
    id TEXT PRIMARY KEY,
    customer BIGINT NOT NULL,
    goods_id TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX store_views_customer ON store_views (customer, at);

-- How far what people look at has been read from the stream.
CREATE TABLE store_view_cursor (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL
);
