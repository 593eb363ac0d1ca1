-- A live segment follows what people do within a second; the others are computed with every refresh.
ALTER TABLE segments ADD COLUMN live BOOLEAN NOT NULL DEFAULT FALSE;
