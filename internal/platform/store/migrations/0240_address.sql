-- Where customers have things sent. preferred_at is when the address was last made the default: the latest holds, so that two
-- books that become one have one default without anything being changed.
CREATE TABLE customer_addresses (
    id TEXT PRIMARY KEY,
    customer BIGINT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    region TEXT NOT NULL,
    place TEXT NOT NULL,
    street TEXT NOT NULL,
    preferred_at BIGINT,
    changed_at BIGINT NOT NULL
);
CREATE INDEX customer_addresses_customer ON customer_addresses (customer);
