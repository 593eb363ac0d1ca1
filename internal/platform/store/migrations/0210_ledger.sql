-- The books. Every move has both its sides, so that an entry cannot be out of balance; nothing booked is ever changed.
-- day is the business day, YYYY-MM-DD; order_id is '' where no order is concerned.
CREATE TABLE ledger_entries (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    day TEXT NOT NULL CHECK (LENGTH(day) = 10),
    at BIGINT NOT NULL,
    posted_at BIGINT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    order_id TEXT NOT NULL,
    ref TEXT NOT NULL,
    customer BIGINT NOT NULL,
    posted_by TEXT NOT NULL,
    note TEXT NOT NULL,
    moves BIGINT NOT NULL CHECK (moves > 0),
    total_fen BIGINT NOT NULL CHECK (total_fen > 0)
);
CREATE INDEX ledger_entries_day ON ledger_entries (day, id);
CREATE INDEX ledger_entries_order ON ledger_entries (order_id, id) WHERE order_id <> '';

CREATE TABLE ledger_moves (
    entry_id TEXT NOT NULL REFERENCES ledger_entries (id),
    n BIGINT NOT NULL,
    day TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    customer BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    layer TEXT NOT NULL,
    PRIMARY KEY (entry_id, n),
    CHECK (debit <> credit)
);
-- The amount is in the indexes so that an account is summed without reading the moves themselves.
CREATE INDEX ledger_moves_debit ON ledger_moves (debit, day, entry_id, n, amount_fen);
CREATE INDEX ledger_moves_credit ON ledger_moves (credit, day, entry_id, n, amount_fen);

-- A closed day takes no more entries, nor does any day before it.
CREATE TABLE ledger_closes (
    day TEXT PRIMARY KEY,
    closed_at BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    note TEXT NOT NULL,
    entries BIGINT NOT NULL,
    total_fen BIGINT NOT NULL
);

-- All that was ever debited and credited to an account up to the end of a closed day.
CREATE TABLE ledger_balances (
    day TEXT NOT NULL,
    account TEXT NOT NULL,
    debit_fen BIGINT NOT NULL CHECK (debit_fen >= 0),
    credit_fen BIGINT NOT NULL CHECK (credit_fen >= 0),
    PRIMARY KEY (day, account)
);

APPEND ONLY ledger_entries;
APPEND ONLY ledger_moves;
APPEND ONLY ledger_closes;
APPEND ONLY ledger_balances;
