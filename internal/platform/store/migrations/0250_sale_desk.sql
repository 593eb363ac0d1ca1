-- How an order reaches its buyer (ship or pickup), the last digits of her phone, and how many virtual codes it still waits for.
ALTER TABLE sales ADD COLUMN delivery TEXT NOT NULL DEFAULT 'ship';
ALTER TABLE sales ADD COLUMN phone_tail TEXT NOT NULL DEFAULT '';
ALTER TABLE sales ADD COLUMN waiting BIGINT NOT NULL DEFAULT 0 CHECK (waiting >= 0);
CREATE INDEX sales_tail ON sales (phone_tail, placed_at);
CREATE INDEX sales_placed ON sales (placed_at, id);
CREATE INDEX sales_waiting ON sales (paid_at, id) WHERE waiting > 0;

-- What staff write of an order for each other; customers never see it.
CREATE TABLE sale_notes (
    id TEXT PRIMARY KEY,
    sale TEXT NOT NULL,
    text TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX sale_notes_sale ON sale_notes (sale, at);

-- Codes that customers show: key '' picks the whole order up, others redeem a line of it, unit by unit. A code is found by its
-- keyed hash; its buyer reads it unsealed.
CREATE TABLE sale_codes (
    hash TEXT PRIMARY KEY,
    sale TEXT NOT NULL,
    key TEXT NOT NULL,
    sealed TEXT NOT NULL,
    tail TEXT NOT NULL,
    uses BIGINT NOT NULL CHECK (uses > 0),
    used BIGINT NOT NULL CHECK (used >= 0 AND used <= uses),
    at BIGINT NOT NULL,
    UNIQUE (sale, key)
);
-- Every use, once by its request.
CREATE TABLE sale_code_uses (
    request TEXT PRIMARY KEY,
    sale TEXT NOT NULL,
    key TEXT NOT NULL,
    uses BIGINT NOT NULL CHECK (uses > 0),
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX sale_code_uses_sale ON sale_code_uses (sale, at);

-- Codes of virtual goods, handed out once paid, each once. sale '' is not handed out yet.
CREATE TABLE code_pool (
    id TEXT PRIMARY KEY,
    sku TEXT NOT NULL,
    hash TEXT NOT NULL,
    sealed TEXT NOT NULL,
    tail TEXT NOT NULL,
    batch TEXT NOT NULL,
    sale TEXT NOT NULL,
    key TEXT NOT NULL,
    handed_at BIGINT,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    UNIQUE (sku, hash)
);
CREATE INDEX code_pool_free ON code_pool (sku, id) WHERE sale = '';
CREATE INDEX code_pool_sale ON code_pool (sale, key) WHERE sale <> '';
