-- What is sold before it is sent: a deposit now, the tail later. published_at and stopped_at say what staff did, the times the rest;
-- settled says that everybody's deposit followed. keep: the deposit of who does not pay the tail stays with the brand.
CREATE TABLE presales (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    goods TEXT NOT NULL,
    keep BOOLEAN NOT NULL,
    per_person BIGINT NOT NULL CHECK (per_person > 0),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    tail_starts_at BIGINT NOT NULL,
    tail_ends_at BIGINT NOT NULL,
    ship_by BIGINT NOT NULL,
    published_at BIGINT,
    stopped_at BIGINT,
    settled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX presales_goods ON presales (goods, tail_ends_at);
CREATE INDEX presales_open ON presales (settled, tail_ends_at);

-- Its SKUs: of one unit the price, the deposit and what that counts for. taken is what bookings hold that did not end without goods.
CREATE TABLE presale_items (
    presale TEXT NOT NULL,
    sku TEXT NOT NULL,
    price_fen BIGINT NOT NULL CHECK (price_fen > 0),
    deposit_fen BIGINT NOT NULL CHECK (deposit_fen > 0),
    worth_fen BIGINT NOT NULL CHECK (worth_fen >= deposit_fen AND worth_fen <= price_fen),
    units BIGINT NOT NULL CHECK (units > 0),
    taken BIGINT NOT NULL CHECK (taken >= 0 AND taken <= units),
    PRIMARY KEY (presale, sku)
);
CREATE INDEX presale_items_sku ON presale_items (sku);

-- A customer's units of a presale. state: unpaid, deposited, done (the tail is paid: sale is the order), closed (the deposit was never
-- paid), forfeited, returned, refunded (everything came back after the tail was paid). sale is also the order that is to pay the tail
-- while it is not paid. returned_fen is what was given back of the deposit; wallet_fen what of it the balance paid.
CREATE TABLE presale_bookings (
    id TEXT PRIMARY KEY,
    presale TEXT NOT NULL,
    sku TEXT NOT NULL,
    customer BIGINT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    units BIGINT NOT NULL CHECK (units > 0),
    deposit_fen BIGINT NOT NULL CHECK (deposit_fen > 0),
    worth_fen BIGINT NOT NULL CHECK (worth_fen >= deposit_fen),
    wallet_fen BIGINT NOT NULL CHECK (wallet_fen >= 0 AND wallet_fen <= deposit_fen),
    cash_fen BIGINT NOT NULL CHECK (cash_fen = deposit_fen - wallet_fen),
    returned_fen BIGINT NOT NULL CHECK (returned_fen >= 0 AND returned_fen <= deposit_fen),
    payment TEXT NOT NULL,
    sale TEXT NOT NULL,
    layer TEXT NOT NULL,
    why TEXT NOT NULL,
    told BOOLEAN NOT NULL,
    due_at BIGINT,
    agreed_at BIGINT NOT NULL,
    placed_at BIGINT NOT NULL,
    paid_at BIGINT,
    ended_at BIGINT,
    UNIQUE (customer, request)
);
CREATE INDEX presale_bookings_presale ON presale_bookings (presale, state, id);
CREATE INDEX presale_bookings_customer ON presale_bookings (customer, placed_at);
CREATE INDEX presale_bookings_due ON presale_bookings (state, due_at);
CREATE INDEX presale_bookings_sale ON presale_bookings (sale);

-- What was given back of a line's deposit.
ALTER TABLE sale_given ADD COLUMN deposit_fen BIGINT NOT NULL DEFAULT 0 CHECK (deposit_fen >= 0);
