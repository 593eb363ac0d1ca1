-- What is said to people, and the playbooks that say when. Every version is kept whole as JSON.
CREATE TABLE contents (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    layers TEXT NOT NULL,
    bodies TEXT NOT NULL,
    shipped BOOLEAN NOT NULL,
    cloned_from TEXT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

CREATE INDEX contents_changed ON contents (changed_at, id);

CREATE TABLE content_versions (
    content_id TEXT NOT NULL REFERENCES contents (id),
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (content_id, version)
);

CREATE TABLE strategies (
    id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    layer TEXT NOT NULL,
    goal TEXT NOT NULL,
    why TEXT NOT NULL,
    content_id TEXT NOT NULL REFERENCES contents (id),
    benefit TEXT NOT NULL,
    coupon TEXT NOT NULL,
    channels TEXT NOT NULL,
    timing TEXT NOT NULL,
    owner_team TEXT NOT NULL,
    guardrails TEXT NOT NULL,
    shipped BOOLEAN NOT NULL,
    cloned_from TEXT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

CREATE INDEX strategies_layer ON strategies (layer, changed_at, id);

CREATE TABLE strategy_versions (
    strategy_id TEXT NOT NULL REFERENCES strategies (id),
    version BIGINT NOT NULL,
    strategy TEXT NOT NULL,
    PRIMARY KEY (strategy_id, version)
);
