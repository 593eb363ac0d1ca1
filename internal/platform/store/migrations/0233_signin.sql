-- One row per phone number that asked for a code, by the keyed hash of the number. tries counts wrong codes; asked holds the
-- instants of the last ones it was sent, as JSON.
CREATE TABLE signin_codes (
    phone TEXT PRIMARY KEY,
    code TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    asked TEXT NOT NULL
);

-- Customers who are signed in to the store, by the hash of the token that their browser keeps.
CREATE TABLE customer_sessions (
    token TEXT PRIMARY KEY,
    customer BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX customer_sessions_customer ON customer_sessions (customer);
CREATE INDEX customer_sessions_expires ON customer_sessions (expires_at);
