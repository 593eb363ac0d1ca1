-- How far something of the pipeline has got that commits with the store: what it told of people, which flush of the dictionary.
CREATE TABLE collect_progress (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);

-- How a person first and last arrived at the brand's own ground. Numbers of visitors are here too.
CREATE TABLE touches (
    customer BIGINT PRIMARY KEY,
    first_at BIGINT NOT NULL,
    first_touch TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    last_touch TEXT NOT NULL
);

-- The dictionary of what sources send: names of events, how many on each day, their properties.
CREATE TABLE event_names (
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    n BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (source, name)
);
CREATE TABLE event_name_days (
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    day TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (source, name, day)
);
CREATE INDEX event_name_days_day ON event_name_days (day);
CREATE TABLE event_props (
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    prop TEXT NOT NULL,
    n BIGINT NOT NULL,
    types TEXT NOT NULL,
    samples TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (source, name, prop)
);

-- What became of events, by day of the business zone on which they came: accepted, duplicate, blocked, dead, dead_dropped.
CREATE TABLE collect_counts (
    source TEXT NOT NULL,
    day TEXT NOT NULL,
    outcome TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (source, day, outcome)
);

-- What could not be understood or taken. raw is what is put through again; path and query belong to it.
CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    protocol TEXT NOT NULL,
    path TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    raw TEXT NOT NULL,
    raw_bytes BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'replayed')),
    replayed_at BIGINT,
    replayed_by TEXT
);
CREATE INDEX dead_letters_source ON dead_letters (source, received_at, id);
CREATE INDEX dead_letters_received ON dead_letters (received_at, id);
CREATE INDEX dead_letters_reason ON dead_letters (reason, received_at, id);
