-- What a refresh found about everybody on one day of the business zone; the last refresh of a day stays.
CREATE TABLE layer_snapshots (
    day TEXT PRIMARY KEY,
    as_of BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    definition_version BIGINT NOT NULL,
    definition TEXT NOT NULL,
    reconstructed BOOLEAN NOT NULL,
    people BIGINT NOT NULL,
    result TEXT NOT NULL,
    computed_at BIGINT NOT NULL
);

-- Who: one row per layer, stage, class, flag, reason and RFM cell. numbers is a roaring bitmap of customer numbers;
-- NULL once only the counts are kept.
CREATE TABLE layer_sets (
    day TEXT NOT NULL REFERENCES layer_snapshots (day) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('layer', 'stage', 'class', 'flag', 'reason', 'cell')),
    code TEXT NOT NULL,
    people BIGINT NOT NULL,
    value_fen BIGINT NOT NULL,
    numbers BLOB,
    PRIMARY KEY (day, kind, code)
);
