-- What sends events: SDKs on pages, in apps and on servers, and other systems' webhooks, each with a key of its own.
-- A key that was replaced goes on working until old_until. secret is sealed.
CREATE TABLE sources (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('browser', 'app', 'server', 'webhook')),
    protocols TEXT NOT NULL,
    write_key TEXT NOT NULL UNIQUE,
    old_key TEXT UNIQUE,
    old_until BIGINT,
    secret TEXT,
    origins TEXT NOT NULL,
    trusted BOOLEAN NOT NULL,
    paused BOOLEAN NOT NULL,
    mapping TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
