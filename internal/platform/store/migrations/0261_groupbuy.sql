-- How a sale was bought when it was not bought plainly: a group's seat, a presale's deposit. held keeps a paid sale from being sent:
-- its group is not complete.
ALTER TABLE sales ADD COLUMN form TEXT NOT NULL DEFAULT '{}';
ALTER TABLE sales ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE;

-- Units that a person has of a group offer or a presale, promised or paid.
CREATE TABLE form_people (
    offer TEXT NOT NULL,
    customer BIGINT NOT NULL,
    units BIGINT NOT NULL CHECK (units >= 0),
    PRIMARY KEY (offer, customer)
);

-- A SKU at a price for people who buy together: size of them within hours.
CREATE TABLE group_offers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    sku TEXT NOT NULL,
    price_fen BIGINT NOT NULL CHECK (price_fen > 0),
    size BIGINT NOT NULL CHECK (size >= 2),
    hours BIGINT NOT NULL CHECK (hours > 0),
    per_person BIGINT NOT NULL CHECK (per_person > 0),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    stopped BOOLEAN NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX group_offers_ends ON group_offers (ends_at, sku);

-- One group. state: opening (its first member has not paid), forming, complete, failed, gone (its first member never paid).
-- settled says that every member's order followed: released to be sent, or given back.
CREATE TABLE buying_groups (
    id TEXT PRIMARY KEY,
    offer TEXT NOT NULL,
    state TEXT NOT NULL,
    size BIGINT NOT NULL,
    seats BIGINT NOT NULL CHECK (seats >= 0 AND seats <= size),
    paid BIGINT NOT NULL CHECK (paid >= 0 AND paid <= seats),
    settled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    expires_at BIGINT,
    ended_at BIGINT
);
CREATE INDEX buying_groups_offer ON buying_groups (offer, state, expires_at);
CREATE INDEX buying_groups_due ON buying_groups (state, expires_at);
CREATE INDEX buying_groups_open ON buying_groups (settled, state);

-- Who sits in a group, by the sale. state: taken (promised), paid, left (never paid), refunded.
CREATE TABLE group_seats (
    sale TEXT PRIMARY KEY,
    group_id TEXT NOT NULL,
    offer TEXT NOT NULL,
    customer BIGINT NOT NULL,
    units BIGINT NOT NULL CHECK (units > 0),
    opener BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    paid_at BIGINT
);
CREATE INDEX group_seats_group ON group_seats (group_id, state);
CREATE INDEX group_seats_customer ON group_seats (customer, joined_at);
CREATE UNIQUE INDEX group_seats_once ON group_seats (group_id, customer) WHERE state IN ('taken', 'paid');
