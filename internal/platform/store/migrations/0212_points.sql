-- Points of customers. owed is what was to be taken back of somebody who had used it: the next points pay it first.
CREATE TABLE points_accounts (
    customer BIGINT PRIMARY KEY,
    points BIGINT NOT NULL CHECK (points >= 0),
    owed BIGINT NOT NULL CHECK (owed >= 0),
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What was given at once. value_fen is what the points were worth when given; value_left_fen goes down with left_points, to
-- zero with the last of them. expires_at is NULL where they stay for ever.
CREATE TABLE points_batches (
    id TEXT PRIMARY KEY,
    customer BIGINT NOT NULL,
    points BIGINT NOT NULL CHECK (points > 0),
    left_points BIGINT NOT NULL CHECK (left_points >= 0 AND left_points <= points),
    value_fen BIGINT NOT NULL CHECK (value_fen >= 0),
    value_left_fen BIGINT NOT NULL CHECK (value_left_fen >= 0 AND value_left_fen <= value_fen),
    expires_at BIGINT,
    order_id TEXT NOT NULL,
    campaign TEXT NOT NULL,
    layer TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX points_batches_customer ON points_batches (customer, expires_at, id) WHERE left_points > 0;
CREATE INDEX points_batches_due ON points_batches (expires_at) WHERE left_points > 0 AND expires_at IS NOT NULL;

-- One row for each change: the statement. owed is what changed of what is owed; fen is what a burning paid, or its return took
-- back; value_fen is what changed of the liability; back_* is how much of a burning, or of an earning, was taken back.
CREATE TABLE points_moves (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    customer BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('earn', 'burn', 'return', 'revoke', 'expire', 'merge')),
    points BIGINT NOT NULL,
    owed BIGINT NOT NULL,
    points_after BIGINT NOT NULL,
    fen BIGINT NOT NULL,
    value_fen BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    back_points BIGINT NOT NULL CHECK (back_points >= 0),
    back_fen BIGINT NOT NULL CHECK (back_fen >= 0),
    CHECK (kind <> 'burn' OR (back_points <= -points AND back_fen <= fen)),
    CHECK (kind <> 'earn' OR back_points <= points)
);
CREATE INDEX points_moves_customer ON points_moves (customer, id);
CREATE INDEX points_moves_order ON points_moves (order_id) WHERE order_id <> '';

-- What a burning took of each batch, and what of it came back.
CREATE TABLE points_uses (
    move_id TEXT NOT NULL REFERENCES points_moves (id),
    batch_id TEXT NOT NULL REFERENCES points_batches (id),
    points BIGINT NOT NULL CHECK (points > 0),
    value_fen BIGINT NOT NULL,
    back_points BIGINT NOT NULL CHECK (back_points >= 0 AND back_points <= points),
    back_value_fen BIGINT NOT NULL CHECK (back_value_fen >= 0 AND back_value_fen <= value_fen),
    PRIMARY KEY (move_id, batch_id)
);
