-- One row per person. number is dense and never reused: bitmaps and the warehouse know people by it. orders, spent_fen,
-- refunded_fen, first_order_at and last_order_at are kept with the orders they sum up, in the same transactions.
CREATE TABLE customers (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    email TEXT NOT NULL,
    gender TEXT NOT NULL CHECK (gender IN ('', 'f', 'm')),
    birthday TEXT NOT NULL,
    province TEXT NOT NULL,
    city TEXT NOT NULL,
    source TEXT NOT NULL,
    store TEXT NOT NULL,
    owner TEXT NOT NULL,
    level TEXT NOT NULL,
    zone TEXT, -- IANA name of the person's own time zone; NULL: the business zone
    registered_at BIGINT NOT NULL,
    registered_known BOOLEAN NOT NULL,
    orders BIGINT NOT NULL,
    spent_fen BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    first_order_at BIGINT,
    last_order_at BIGINT,
    erased BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX customers_registered ON customers (registered_at, number);
CREATE INDEX customers_spent ON customers (spent_fen, number);
CREATE INDEX customers_recent ON customers (COALESCE(last_order_at, 0), number);
CREATE INDEX customers_name ON customers (name, number);
CREATE INDEX customers_code ON customers (code);
CREATE INDEX customers_city ON customers (city, number);
CREATE INDEX customers_source ON customers (source, number);
CREATE INDEX customers_level ON customers (level, number);
CREATE INDEX customers_erased ON customers (number) WHERE erased = TRUE;

-- What a person is known by: (phone, 138…), (email, …), (card, …), (external, channel:id). A key names one person.
CREATE TABLE identity_keys (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (kind, value)
);
CREATE INDEX identity_keys_customer ON identity_keys (customer);
