-- A day's bill of WeChat Pay against our payments and books, as of the last run.
CREATE TABLE reconciliations (
    day TEXT PRIMARY KEY,
    ran_at BIGINT NOT NULL,
    ran_by TEXT NOT NULL,
    bill_hash TEXT NOT NULL,
    bill_lines BIGINT NOT NULL,
    bill_paid_fen BIGINT NOT NULL,
    bill_refund_fen BIGINT NOT NULL,
    bill_fee_fen BIGINT NOT NULL,
    our_lines BIGINT NOT NULL,
    our_paid_fen BIGINT NOT NULL,
    our_refund_fen BIGINT NOT NULL,
    book_in_fen BIGINT NOT NULL,
    book_out_fen BIGINT NOT NULL
);

CREATE TABLE reconcile_differences (
    id TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'refund', 'fee')),
    number TEXT NOT NULL,
    refund_number TEXT NOT NULL,
    order_id TEXT NOT NULL,
    bill_fen BIGINT NOT NULL,
    our_fen BIGINT NOT NULL,
    book_fen BIGINT NOT NULL,
    cause TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('none', 'ask', 'claim', 'look')),
    detail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'settled')),
    note TEXT NOT NULL,
    settled_by TEXT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX reconcile_differences_day ON reconcile_differences (day, id);
CREATE INDEX reconcile_differences_open ON reconcile_differences (id) WHERE state = 'open';
