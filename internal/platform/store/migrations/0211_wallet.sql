-- What customers keep with us. principal is their money; gift is ours, in lots that may expire. version counts changes.
CREATE TABLE wallets (
    customer BIGINT PRIMARY KEY,
    principal_fen BIGINT NOT NULL CHECK (principal_fen >= 0),
    gift_fen BIGINT NOT NULL CHECK (gift_fen >= 0),
    frozen BOOLEAN NOT NULL,
    frozen_why TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- expires_at is NULL where a gift stays for ever.
CREATE TABLE wallet_lots (
    id TEXT PRIMARY KEY,
    customer BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    left_fen BIGINT NOT NULL CHECK (left_fen >= 0 AND left_fen <= amount_fen),
    expires_at BIGINT,
    campaign TEXT NOT NULL,
    layer TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX wallet_lots_customer ON wallet_lots (customer, expires_at, id) WHERE left_fen > 0;
CREATE INDEX wallet_lots_due ON wallet_lots (expires_at) WHERE left_fen > 0 AND expires_at IS NOT NULL;

-- One row for each change: the statement. back_* is how much of a spending was given back.
CREATE TABLE wallet_moves (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    customer BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('topup', 'spend', 'refund', 'expire', 'withdraw', 'merge')),
    principal_fen BIGINT NOT NULL,
    gift_fen BIGINT NOT NULL,
    principal_after BIGINT NOT NULL,
    gift_after BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    ref TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    back_principal_fen BIGINT NOT NULL CHECK (back_principal_fen >= 0),
    back_gift_fen BIGINT NOT NULL CHECK (back_gift_fen >= 0),
    CHECK (kind <> 'spend' OR (back_principal_fen <= -principal_fen AND back_gift_fen <= -gift_fen))
);
CREATE INDEX wallet_moves_customer ON wallet_moves (customer, id);
CREATE INDEX wallet_moves_order ON wallet_moves (order_id) WHERE order_id <> '';

-- What a spending took of each lot, and what of it came back.
CREATE TABLE wallet_uses (
    move_id TEXT NOT NULL REFERENCES wallet_moves (id),
    lot_id TEXT NOT NULL REFERENCES wallet_lots (id),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    back_fen BIGINT NOT NULL CHECK (back_fen >= 0 AND back_fen <= amount_fen),
    PRIMARY KEY (move_id, lot_id)
);
