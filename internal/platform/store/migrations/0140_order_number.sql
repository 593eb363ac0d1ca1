-- Orders are looked up by the beginning of their number, whatever channel they came by.
CREATE INDEX orders_number ON orders (number);
