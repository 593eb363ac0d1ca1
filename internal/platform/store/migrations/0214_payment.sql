-- One row for each attempt to pay. id is also the number that WeChat Pay knows it by. purpose 'topup' puts it into the
-- customer's wallet; order_id is '' then.
CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('order', 'topup')),
    order_id TEXT NOT NULL,
    customer BIGINT NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('wechat_jsapi', 'wechat_native', 'balance')),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    gift_fen BIGINT NOT NULL CHECK (gift_fen >= 0),
    refunded_fen BIGINT NOT NULL CHECK (refunded_fen >= 0 AND refunded_fen <= amount_fen),
    state TEXT NOT NULL CHECK (state IN ('created', 'pending', 'closing', 'closed', 'paid')),
    description TEXT NOT NULL,
    openid TEXT NOT NULL,
    prepay_id TEXT NOT NULL,
    code_url TEXT NOT NULL,
    transaction_id TEXT,
    campaign TEXT NOT NULL,
    layer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    paid_at BIGINT,
    look_at BIGINT,
    looks BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK ((purpose = 'order') = (order_id <> '')),
    CHECK (state <> 'paid' OR paid_at IS NOT NULL)
);
CREATE INDEX payments_order ON payments (order_id) WHERE order_id <> '';
CREATE INDEX payments_customer ON payments (customer, id);
CREATE UNIQUE INDEX payments_transaction ON payments (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX payments_look ON payments (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX payments_paid ON payments (paid_at) WHERE paid_at IS NOT NULL;

-- Money on its way back. id, with attempt after the first, is the number that WeChat Pay knows it by; against is the account
-- it was booked against.
CREATE TABLE payment_refunds (
    id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL,
    payment_id TEXT NOT NULL REFERENCES payments (id),
    order_id TEXT NOT NULL,
    customer BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    against TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('created', 'processing', 'success', 'abnormal', 'closed', 'refused')),
    attempt BIGINT NOT NULL,
    refund_id TEXT NOT NULL,
    trouble TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    done_at BIGINT,
    look_at BIGINT,
    looks BIGINT NOT NULL,
    UNIQUE (request_id, payment_id)
);
CREATE INDEX payment_refunds_order ON payment_refunds (order_id) WHERE order_id <> '';
CREATE INDEX payment_refunds_look ON payment_refunds (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX payment_refunds_open ON payment_refunds (state, id) WHERE state <> 'success';
CREATE INDEX payment_refunds_done ON payment_refunds (done_at) WHERE done_at IS NOT NULL;

-- Notifications whose signature held, and what was made of them. times counts repetitions.
CREATE TABLE payment_notices (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'refund')),
    number TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    times BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX payment_notices_refused ON payment_notices (last_at) WHERE verdict <> 'taken';
