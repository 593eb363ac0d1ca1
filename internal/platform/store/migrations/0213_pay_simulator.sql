-- The local WeChat Pay: what a merchant asked it for, and the notifications it owes.
CREATE TABLE sim_pay_trades (
    no TEXT PRIMARY KEY,
    prepay_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('JSAPI', 'NATIVE')),
    description TEXT NOT NULL,
    openid TEXT NOT NULL,
    total_fen BIGINT NOT NULL CHECK (total_fen > 0),
    refunded_fen BIGINT NOT NULL CHECK (refunded_fen >= 0 AND refunded_fen <= total_fen),
    state TEXT NOT NULL CHECK (state IN ('NOTPAY', 'SUCCESS', 'REFUND', 'CLOSED')),
    transaction_id TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    success_at BIGINT
);
CREATE INDEX sim_pay_trades_success ON sim_pay_trades (success_at);

CREATE TABLE sim_pay_refunds (
    refund_no TEXT PRIMARY KEY,
    refund_id TEXT NOT NULL,
    no TEXT NOT NULL,
    fen BIGINT NOT NULL CHECK (fen > 0),
    state TEXT NOT NULL CHECK (state IN ('PROCESSING', 'SUCCESS', 'ABNORMAL', 'CLOSED')),
    notify_url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    success_at BIGINT
);
CREATE INDEX sim_pay_refunds_success ON sim_pay_refunds (success_at);
CREATE INDEX sim_pay_refunds_processing ON sim_pay_refunds (state) WHERE state = 'PROCESSING';

CREATE TABLE sim_pay_notices (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    event TEXT NOT NULL,
    content TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sim_pay_notices_next ON sim_pay_notices (next_at);
