-- One row per uploaded file. cursor is the key of the last group of lines that was settled, committed together with
-- the rows it made: a crash resumes behind it. staged counts what reading the file found, settled what settling did.
CREATE TABLE imports (
    id TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    status TEXT NOT NULL,
    file_name TEXT NOT NULL,
    file_bytes BIGINT NOT NULL,
    format TEXT NOT NULL,
    spec TEXT NOT NULL,
    stage TEXT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    cursor TEXT NOT NULL,
    staged TEXT NOT NULL,
    settled TEXT NOT NULL,
    dry TEXT NOT NULL,
    error TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX imports_status ON imports (status, id);

-- Lines that settling refused; those that reading refused are found again by reading.
CREATE TABLE import_rejects (
    import_id TEXT NOT NULL,
    line BIGINT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (import_id, line)
);
