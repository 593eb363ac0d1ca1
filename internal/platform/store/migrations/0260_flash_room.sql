-- Waiting rooms of flash sales. at_once is how many may be at the checkout at the same time, 0 for no room; admitted is how many
-- of them have not ordered yet: each has a unit that nobody else is given. arrived is the last place that was given.
ALTER TABLE flash_sales ADD COLUMN at_once BIGINT NOT NULL DEFAULT 0 CHECK (at_once >= 0);
ALTER TABLE flash_sales ADD COLUMN admitted BIGINT NOT NULL DEFAULT 0 CHECK (admitted >= 0);
ALTER TABLE flash_sales ADD COLUMN arrived BIGINT NOT NULL DEFAULT 0;

-- Who waits, one row a person. state: waiting, admitted (may order until then), bought, left (away too long, or did not order).
CREATE TABLE flash_queue (
    flash TEXT NOT NULL,
    customer BIGINT NOT NULL,
    place BIGINT NOT NULL,
    state TEXT NOT NULL,
    arrived_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    admitted_at BIGINT,
    until BIGINT,
    PRIMARY KEY (flash, customer)
);
CREATE UNIQUE INDEX flash_queue_place ON flash_queue (flash, place);
CREATE INDEX flash_queue_state ON flash_queue (flash, state, place);
CREATE INDEX flash_queue_admitted ON flash_queue (flash, admitted_at) WHERE admitted_at IS NOT NULL;
