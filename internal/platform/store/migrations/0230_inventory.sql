-- What lies where. held is promised to orders that are not paid yet; nothing is sold that is not there.
CREATE TABLE stock (
    sku TEXT NOT NULL,
    place TEXT NOT NULL,
    on_hand BIGINT NOT NULL CHECK (on_hand >= 0),
    held BIGINT NOT NULL CHECK (held >= 0 AND held <= on_hand),
    PRIMARY KEY (sku, place)
);

-- Promises: one row per order, SKU and place. state: held, taken (paid: it left the stock) or released.
CREATE TABLE stock_holds (
    reference TEXT NOT NULL,
    sku TEXT NOT NULL,
    place TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (reference, sku, place)
);
CREATE INDEX stock_holds_sku ON stock_holds (sku, place, state);

-- Every change of on_hand, never edited; they add up to it. reason and reference are its idempotency key.
CREATE TABLE stock_moves (
    id TEXT PRIMARY KEY,
    sku TEXT NOT NULL,
    place TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity <> 0),
    reason TEXT NOT NULL,
    reference TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    UNIQUE (sku, place, reason, reference)
);
CREATE INDEX stock_moves_latest ON stock_moves (sku, place, at);
