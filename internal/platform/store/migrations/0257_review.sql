-- What buyers say of what they bought and received: one review for a line of a sale, and one follow-up. tags, pictures and words (the
-- sensitive words found) are JSON lists. customer 0 is somebody who was forgotten.
CREATE TABLE reviews (
    id TEXT PRIMARY KEY,
    sale TEXT NOT NULL,
    key TEXT NOT NULL,
    sku TEXT NOT NULL,
    goods TEXT NOT NULL,
    goods_name TEXT NOT NULL,
    customer BIGINT NOT NULL,
    author TEXT NOT NULL,
    anonymous BOOLEAN NOT NULL,
    consent BOOLEAN NOT NULL,
    stars BIGINT NOT NULL CHECK (stars BETWEEN 1 AND 5),
    text TEXT NOT NULL,
    tags TEXT NOT NULL,
    pictures TEXT NOT NULL,
    has_pictures BOOLEAN NOT NULL,
    words TEXT NOT NULL,
    state TEXT NOT NULL,
    follow_text TEXT NOT NULL,
    follow_pictures TEXT NOT NULL,
    follow_state TEXT NOT NULL,
    reply TEXT NOT NULL,
    replied_by TEXT NOT NULL,
    points BIGINT NOT NULL CHECK (points >= 0),
    content TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    note TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    follow_at BIGINT,
    decided_at BIGINT,
    replied_at BIGINT,
    UNIQUE (sale, key)
);
CREATE INDEX reviews_goods ON reviews (goods, state, made_at);
CREATE INDEX reviews_state ON reviews (state, made_at);
CREATE INDEX reviews_follow ON reviews (follow_state, made_at);
CREATE INDEX reviews_customer ON reviews (customer, made_at);
