-- The sales channel that what a source tells belongs to, as its orders name it: what is looked at and what is bought join. Empty: none is said.
ALTER TABLE sources ADD COLUMN channel TEXT NOT NULL DEFAULT '';
UPDATE sources SET channel = 'store' WHERE id = 'src_store';
