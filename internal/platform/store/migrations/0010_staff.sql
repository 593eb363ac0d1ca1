-- Accounts of the people who work with Huoshui.
CREATE TABLE staff (
    id TEXT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    team TEXT NOT NULL,
    email TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    must_change BOOLEAN NOT NULL,
    password_hash TEXT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until BIGINT,
    signed_in_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Sessions on the server's side; the browser holds the token, the store only its hash.
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    staff_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    remote TEXT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX sessions_staff ON sessions (staff_id);

-- One-time links that sign a person in without a password.
CREATE TABLE sign_in_links (
    token_hash TEXT PRIMARY KEY,
    staff_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- What staff did: one row for every call that may change something, never changed afterwards.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    staff_id TEXT NOT NULL,
    login TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    status BIGINT NOT NULL,
    remote TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX audit_staff ON audit (staff_id, id);
