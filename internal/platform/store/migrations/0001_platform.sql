-- Facts on their way to the stream. A row is one message: facts of one noun, appended in one transaction.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    noun TEXT NOT NULL,
    facts TEXT NOT NULL
);

-- Versioned settings: every version is kept, the highest is in force.
CREATE TABLE settings (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    value TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);

-- Counters hand out dense numbers (customer numbers) without gaps under load.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
