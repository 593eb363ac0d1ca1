-- Every version of goods as it was saved, whole: what a price was, and who set it.
CREATE TABLE goods_versions (
    goods_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    draft TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (goods_id, version)
);

-- Units that were sold, or came back (negative), and are not yet in goods.sold: many sales add rows, one worker adds them up.
CREATE TABLE sold_changes (
    id TEXT PRIMARY KEY,
    sku TEXT NOT NULL,
    units BIGINT NOT NULL
);
UPDATE goods SET sold = COALESCE((SELECT CAST(SUM(l.quantity - l.refunded_quantity) AS BIGINT) FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN skus k ON k.code = l.product
    WHERE o.channel = 'store' AND k.goods_id = goods.id), 0);
CREATE INDEX goods_sold ON goods (sold, id);
