-- What fuzzy tags believe of a customer moves when she turns out to be somebody else, and goes when she is erased.
CREATE INDEX tag_beliefs_customer ON tag_beliefs (customer);
