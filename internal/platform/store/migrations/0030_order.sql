-- An order is known by the channel it was sold in and the number it has there. amount_fixed says that the amount came
-- with the order, so that lines learnt later do not add to it.
CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    number TEXT NOT NULL,
    customer BIGINT NOT NULL,
    paid_at BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
    amount_fixed BOOLEAN NOT NULL,
    quantity BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL CHECK (refunded_fen >= 0 AND refunded_fen <= amount_fen),
    store TEXT NOT NULL,
    import_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (channel, number)
);
CREATE INDEX orders_customer ON orders (customer, paid_at);

-- key tells a line from the others of its order: the line's own id, or what it says and how many times it was said before.
CREATE TABLE order_lines (
    order_id TEXT NOT NULL,
    key TEXT NOT NULL,
    product TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity >= 0),
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
    refunded_quantity BIGINT NOT NULL CHECK (refunded_quantity >= 0 AND refunded_quantity <= quantity),
    refunded_fen BIGINT NOT NULL CHECK (refunded_fen >= 0 AND refunded_fen <= amount_fen),
    PRIMARY KEY (order_id, key)
);

CREATE TABLE refunds (
    channel TEXT NOT NULL,
    number TEXT NOT NULL,
    key TEXT NOT NULL,
    order_id TEXT NOT NULL,
    customer BIGINT NOT NULL,
    product TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
    refunded_at BIGINT NOT NULL,
    import_id TEXT NOT NULL,
    PRIMARY KEY (channel, number, key)
);
CREATE INDEX refunds_order ON refunds (order_id);
CREATE INDEX refunds_customer ON refunds (customer);

-- What has been sold, by its code.
CREATE TABLE products (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT NOT NULL
);
