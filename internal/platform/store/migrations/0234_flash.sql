-- Flash sales: a SKU at a price for a while, for so many units in all and for one person. taken is promised or sold.
CREATE TABLE flash_sales (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    sku TEXT NOT NULL,
    price_fen BIGINT NOT NULL CHECK (price_fen > 0),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    units BIGINT NOT NULL CHECK (units > 0),
    taken BIGINT NOT NULL CHECK (taken >= 0 AND taken <= units),
    per_person BIGINT NOT NULL CHECK (per_person > 0),
    stopped BOOLEAN NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX flash_sales_ends ON flash_sales (ends_at, sku);

-- How many units of a flash sale a person has, promised or paid.
CREATE TABLE flash_people (
    flash TEXT NOT NULL,
    customer BIGINT NOT NULL,
    units BIGINT NOT NULL CHECK (units >= 0),
    PRIMARY KEY (flash, customer)
);

-- What a sale took of a flash sale; given says that it was given back.
CREATE TABLE flash_takes (
    sale TEXT NOT NULL,
    flash TEXT NOT NULL,
    customer BIGINT NOT NULL,
    units BIGINT NOT NULL CHECK (units > 0),
    given BOOLEAN NOT NULL,
    PRIMARY KEY (sale, flash)
);
CREATE INDEX flash_takes_flash ON flash_takes (flash);
