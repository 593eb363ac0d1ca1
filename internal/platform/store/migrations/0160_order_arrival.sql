-- How the person of an order had first and last arrived when it was paid; of orders whose people came by nothing there is no row.
CREATE TABLE order_arrivals (
    order_id TEXT PRIMARY KEY,
    first_touch TEXT NOT NULL,
    last_touch TEXT NOT NULL
);
