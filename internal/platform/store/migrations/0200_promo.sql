-- What the brand offers: coupons, full-reductions, bundles, member prices, freight templates. Every version is kept whole as
-- JSON: a coupon promises what the version said that it was given by.
CREATE TABLE promotions (
	id         TEXT NOT NULL PRIMARY KEY,
	kind       TEXT NOT NULL CHECK (kind IN ('coupon', 'reduction', 'bundle', 'member', 'freight')),
	version    BIGINT NOT NULL,
	name       TEXT NOT NULL,
	note       TEXT NOT NULL,
	starts_at  BIGINT,
	ends_at    BIGINT,
	stopped    BOOLEAN NOT NULL,
	terms      TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	changed_by TEXT NOT NULL
);
CREATE INDEX promotions_changed ON promotions (kind, changed_at, id);

CREATE TABLE promotion_versions (
	promotion_id TEXT NOT NULL REFERENCES promotions (id),
	version      BIGINT NOT NULL,
	promotion    TEXT NOT NULL,
	PRIMARY KEY (promotion_id, version)
);

-- Counts every change of what a cart is priced by, so that what was read can be kept until it is old.
CREATE TABLE promotion_changes (
	id BIGINT NOT NULL PRIMARY KEY,
	n  BIGINT NOT NULL
);
INSERT INTO promotion_changes (id, n) VALUES (1, 0);

-- The coupons that people hold. guard is one text for each coupon that a person may have of a promotion: two that want the
-- same one meet there.
CREATE TABLE coupons (
	id           TEXT NOT NULL PRIMARY KEY,
	promotion_id TEXT NOT NULL REFERENCES promotions (id),
	version      BIGINT NOT NULL,
	customer     BIGINT NOT NULL,
	guard        TEXT NOT NULL UNIQUE,
	state        TEXT NOT NULL CHECK (state IN ('unused', 'locked', 'used', 'expired')),
	valid_from   BIGINT NOT NULL,
	valid_until  BIGINT NOT NULL,
	source       TEXT NOT NULL CHECK (source IN ('claim', 'issue', 'code')),
	cause        TEXT NOT NULL, -- id of the issue or batch of codes
	campaign     TEXT NOT NULL,
	order_id     TEXT,
	saved_fen    BIGINT NOT NULL CHECK (saved_fen >= 0),
	claimed_at   BIGINT NOT NULL,
	locked_at    BIGINT,
	used_at      BIGINT,
	returns      BIGINT NOT NULL, -- how often it came back
	CHECK ((order_id IS NULL) = (state IN ('unused', 'expired')))
);
CREATE INDEX coupons_customer ON coupons (customer, state, valid_until);
CREATE INDEX coupons_promotion ON coupons (promotion_id, customer);
CREATE INDEX coupons_order ON coupons (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX coupons_ending ON coupons (valid_until) WHERE state = 'unused';

-- How many were given: of a promotion in all ('total'), on a day ('day/2026-11-11'), to a layer ('layer/vip').
CREATE TABLE coupon_counts (
	promotion_id TEXT NOT NULL REFERENCES promotions (id),
	key          TEXT NOT NULL,
	n            BIGINT NOT NULL CHECK (n >= 0),
	PRIMARY KEY (promotion_id, key)
);

-- Codes that become coupons: a batch of codes each good once, or one code good for many.
CREATE TABLE coupon_batches (
	id           TEXT NOT NULL PRIMARY KEY,
	promotion_id TEXT NOT NULL REFERENCES promotions (id),
	name         TEXT NOT NULL,
	codes        BIGINT NOT NULL,
	uses         BIGINT NOT NULL, -- of each code
	campaign     TEXT NOT NULL,
	stopped      BOOLEAN NOT NULL,
	made_by      TEXT NOT NULL,
	made_at      BIGINT NOT NULL
);
CREATE INDEX coupon_batches_promotion ON coupon_batches (promotion_id, made_at);

CREATE TABLE coupon_codes (
	code     TEXT NOT NULL PRIMARY KEY, -- as it is compared
	shown    TEXT NOT NULL,
	batch_id TEXT NOT NULL REFERENCES coupon_batches (id),
	uses     BIGINT NOT NULL CHECK (uses >= 0), -- left
	last_at  BIGINT
);
CREATE INDEX coupon_codes_batch ON coupon_codes (batch_id, code);

-- Coupons given to many people at once: the audience is kept as it was when somebody asked, and worked off in order.
CREATE TABLE coupon_issues (
	id           TEXT NOT NULL PRIMARY KEY, -- of the request
	promotion_id TEXT NOT NULL REFERENCES promotions (id),
	version      BIGINT NOT NULL,
	audience     TEXT NOT NULL, -- in words: a segment's id, or how many people were named
	campaign     TEXT NOT NULL,
	people       BLOB NOT NULL, -- roaring bitmap of customer numbers
	total        BIGINT NOT NULL,
	next         BIGINT NOT NULL, -- customers below this number are done
	given        BIGINT NOT NULL,
	left_out     BIGINT NOT NULL, -- had as many as they may, or none were left
	made_by      TEXT NOT NULL,
	made_at      BIGINT NOT NULL,
	finished_at  BIGINT
);
CREATE INDEX coupon_issues_waiting ON coupon_issues (made_at) WHERE finished_at IS NULL;
CREATE INDEX coupon_issues_promotion ON coupon_issues (promotion_id, made_at);
