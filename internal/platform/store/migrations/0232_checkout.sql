-- What lies in carts. owner is "c:" and a customer's number, or "g:" and the token of a guest.
CREATE TABLE cart_lines (
    owner TEXT NOT NULL,
    sku TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    chosen BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (owner, sku)
);
-- When a cart was last touched, and whether its being left was told.
CREATE TABLE carts (
    owner TEXT PRIMARY KEY,
    changed_at BIGINT NOT NULL,
    told BOOLEAN NOT NULL
);
CREATE INDEX carts_left ON carts (told, changed_at);

-- Orders of the brand's own store, from the moment they are placed. quote is the whole pricing.Quotation they were placed at;
-- request is the idempotency key that the customer's phone made. Once paid they are in orders too, under the same number.
CREATE TABLE sales (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    customer BIGINT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    quote TEXT NOT NULL,
    lines TEXT NOT NULL,
    address TEXT NOT NULL,
    remark TEXT NOT NULL,
    layer TEXT NOT NULL,
    total_fen BIGINT NOT NULL CHECK (total_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0 AND cash_fen <= total_fen),
    refunded_fen BIGINT NOT NULL CHECK (refunded_fen >= 0 AND refunded_fen <= total_fen),
    earned_fen BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    payment TEXT NOT NULL,
    carrier TEXT NOT NULL,
    tracking TEXT NOT NULL,
    close_reason TEXT NOT NULL,
    warned BOOLEAN NOT NULL,
    due_at BIGINT,
    placed_at BIGINT NOT NULL,
    paid_at BIGINT,
    shipped_at BIGINT,
    finished_at BIGINT,
    closed_at BIGINT,
    UNIQUE (customer, request)
);
CREATE INDEX sales_customer ON sales (customer, placed_at);
CREATE INDEX sales_state ON sales (state, placed_at);
CREATE INDEX sales_due ON sales (due_at, state);

-- What was given back of which line of a sale, added up; the money's kinds as in the quotation.
CREATE TABLE sale_given (
    sale TEXT NOT NULL,
    key TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0),
    principal_fen BIGINT NOT NULL CHECK (principal_fen >= 0),
    gift_fen BIGINT NOT NULL CHECK (gift_fen >= 0),
    points BIGINT NOT NULL CHECK (points >= 0),
    PRIMARY KEY (sale, key)
);
-- Every giving back, once by its request.
CREATE TABLE sale_refunds (
    sale TEXT NOT NULL,
    request TEXT NOT NULL,
    refund TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (sale, request)
);
