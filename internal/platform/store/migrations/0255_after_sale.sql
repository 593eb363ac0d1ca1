-- What customers ask for after a sale: money back, to send goods back, other goods of the same kind. lines, pictures and refund are
-- JSON; request is the idempotency key that the page made; cover_fen is what the freight insurance pays at most.
CREATE TABLE after_sales (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL,
    sale TEXT NOT NULL,
    sale_number TEXT NOT NULL,
    customer BIGINT NOT NULL,
    request TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    lines TEXT NOT NULL,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    pictures TEXT NOT NULL,
    override TEXT NOT NULL,
    made_by TEXT NOT NULL,
    freight BOOLEAN NOT NULL,
    refund TEXT NOT NULL,
    refund_fen BIGINT NOT NULL CHECK (refund_fen >= 0),
    cover_fen BIGINT NOT NULL CHECK (cover_fen >= 0),
    freight_fen BIGINT NOT NULL CHECK (freight_fen >= 0),
    insured_fen BIGINT NOT NULL CHECK (insured_fen >= 0 AND insured_fen <= cover_fen),
    carrier TEXT NOT NULL,
    tracking TEXT NOT NULL,
    new_carrier TEXT NOT NULL,
    new_tracking TEXT NOT NULL,
    trouble TEXT NOT NULL,
    due_at BIGINT,
    made_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    ended_at BIGINT,
    UNIQUE (sale, request)
);
CREATE INDEX after_sales_customer ON after_sales (customer, made_at);
CREATE INDEX after_sales_state ON after_sales (state, made_at);
CREATE INDEX after_sales_made ON after_sales (made_at, id);
CREATE INDEX after_sales_due ON after_sales (due_at, state);
CREATE INDEX after_sales_number ON after_sales (number);
CREATE INDEX after_sales_sale_number ON after_sales (sale_number);

-- Every step of a case, never edited but for forgetting; a request does a step once. who: customer, staff or clock.
CREATE TABLE after_sale_steps (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    request TEXT NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    made_by TEXT NOT NULL,
    note TEXT NOT NULL,
    pictures TEXT NOT NULL,
    at BIGINT NOT NULL,
    UNIQUE (case_id, request)
);
