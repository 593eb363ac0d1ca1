-- Two levels of categories: a parent is a category without one.
CREATE TABLE goods_categories (
    id TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    name TEXT NOT NULL,
    picture TEXT NOT NULL,
    place BIGINT NOT NULL,
    hidden BOOLEAN NOT NULL
);
CREATE INDEX goods_categories_parent ON goods_categories (parent, place);

-- What the store sells (an SPU). words is what a search looks in: lower case, with pinyin and its initials.
CREATE TABLE goods (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    subtitle TEXT NOT NULL,
    category TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    specs TEXT NOT NULL,
    pictures TEXT NOT NULL,
    points TEXT NOT NULL,
    detail TEXT NOT NULL,
    rebuy_days BIGINT NOT NULL CHECK (rebuy_days >= 0),
    freight TEXT NOT NULL,
    words TEXT NOT NULL,
    low_fen BIGINT NOT NULL,
    sold BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
CREATE INDEX goods_changed ON goods (changed_at, id);
CREATE INDEX goods_category ON goods (category, status);

-- What one can put into a cart: one choice of every spec. cost_fen 0 is not known.
CREATE TABLE skus (
    code TEXT PRIMARY KEY,
    goods_id TEXT NOT NULL,
    choice TEXT NOT NULL,
    price_fen BIGINT NOT NULL CHECK (price_fen > 0),
    market_fen BIGINT NOT NULL CHECK (market_fen >= 0),
    cost_fen BIGINT NOT NULL CHECK (cost_fen >= 0),
    weight_g BIGINT NOT NULL CHECK (weight_g >= 0),
    barcode TEXT NOT NULL,
    picture TEXT NOT NULL,
    place BIGINT NOT NULL,
    gone BOOLEAN NOT NULL
);
CREATE INDEX skus_goods ON skus (goods_id, place);

-- What is shown beside what. source: hand or basket (bought together).
CREATE TABLE goods_pairs (
    goods_id TEXT NOT NULL,
    other TEXT NOT NULL,
    source TEXT NOT NULL,
    place BIGINT NOT NULL,
    lift DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (goods_id, other)
);

-- Pictures, read, turned upright, stripped of what cameras write into them and encoded anew in a few widths.
CREATE TABLE pictures (
    id TEXT PRIMARY KEY,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX pictures_at ON pictures (at, id);
CREATE TABLE picture_files (
    picture TEXT NOT NULL,
    width BIGINT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (picture, width)
);
