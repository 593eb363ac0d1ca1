-- OneID. A customer who was merged into another keeps the row and the number for ever: merged_into names who stays, and
-- erased keeps the row out of every list. The profile stays as it was; sums and keys are the other's.
ALTER TABLE customers ADD COLUMN merged_into BIGINT;
CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL;

-- customer 0 is nobody: the key is blocked by a person, or shared by too many people. From 2147483648 on it is a visitor,
-- whom only devices tell apart. seen_at is exact to the day, so that not every event writes it.
ALTER TABLE identity_keys ADD COLUMN state TEXT NOT NULL DEFAULT '' CHECK (state IN ('', 'blocked', 'shared'));
ALTER TABLE identity_keys ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_keys ADD COLUMN since BIGINT;
ALTER TABLE identity_keys ADD COLUMN seen_at BIGINT;
CREATE INDEX identity_keys_person ON identity_keys (customer, kind);
DROP INDEX identity_keys_customer;

-- Customers that a device was seen with: too many make it a shared one.
CREATE TABLE identity_devices (
    value TEXT NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (value, customer)
);
CREATE INDEX identity_devices_customer ON identity_devices (customer);

-- Pairs of which a person said, or an undone merge showed, that they are two people; a < b.
CREATE TABLE identity_apart (
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    PRIMARY KEY (a, b)
);
CREATE INDEX identity_apart_b ON identity_apart (b);

-- Accounts (user:…, unionid:…) that a key of somebody else's was seen with: too many and the key belongs to nobody.
CREATE TABLE identity_claims (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    claim TEXT NOT NULL,
    PRIMARY KEY (kind, value, claim)
);

-- What a person must decide. subject says what it is about, so that a repetition adds to times.
CREATE TABLE identity_conflicts (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('disagree', 'shared_key', 'shared_device')),
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    key_kind TEXT NOT NULL,
    key_value TEXT NOT NULL,
    evidence TEXT NOT NULL,
    source TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'merged', 'apart', 'blocked')),
    note TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at BIGINT
);
CREATE INDEX identity_conflicts_state ON identity_conflicts (state, last_at, id);
CREATE INDEX identity_conflicts_a ON identity_conflicts (a);
CREATE INDEX identity_conflicts_b ON identity_conflicts (b);

-- Every merge of customers with all that undoing it needs.
CREATE TABLE identity_merges (
    id TEXT PRIMARY KEY,
    from_number BIGINT NOT NULL,
    from_id TEXT NOT NULL,
    to_number BIGINT NOT NULL,
    to_id TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('keys', 'decision', 'hand')),
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    merged_by TEXT NOT NULL,
    merged_at BIGINT NOT NULL,
    undone_by TEXT NOT NULL,
    undone_at BIGINT,
    record TEXT NOT NULL
);
CREATE UNIQUE INDEX identity_merges_from ON identity_merges (from_number) WHERE undone_at IS NULL;
CREATE INDEX identity_merges_of ON identity_merges (from_number, id);
CREATE INDEX identity_merges_to ON identity_merges (to_number, id);

-- Attributes that sources set beside the profile: one JSON object for each customer or visitor.
CREATE TABLE customer_traits (
    customer BIGINT PRIMARY KEY,
    traits TEXT NOT NULL
);
