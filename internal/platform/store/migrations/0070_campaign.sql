-- Restraint: how often people were written to, by calendar day in their own zone.
CREATE TABLE contacts (
	customer BIGINT NOT NULL,
	day BIGINT NOT NULL,
	channel TEXT NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (customer, day, channel)
);
-- How much each channel carried, by quota period (day = first day of the period, business zone).
CREATE TABLE channel_use (
	channel TEXT NOT NULL,
	period TEXT NOT NULL,
	day BIGINT NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (channel, period, day)
);
-- One row: whoever decides holds it until the decision is committed.
CREATE TABLE policy_gate (
	id BIGINT PRIMARY KEY,
	turns BIGINT NOT NULL
);
INSERT INTO policy_gate (id, turns) VALUES (1, 0);

-- What people said about channels; the newest word wins, facts keep the history.
CREATE TABLE consents (
	customer BIGINT NOT NULL,
	channel TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('granted', 'withdrawn')),
	source TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (customer, channel)
);
-- Addresses that must not be used, and why.
CREATE TABLE suppressions (
	customer BIGINT NOT NULL,
	channel TEXT NOT NULL,
	cause TEXT NOT NULL CHECK (cause IN ('bounced', 'complained', 'unsubscribed')),
	at BIGINT NOT NULL,
	PRIMARY KEY (customer, channel)
);

CREATE TABLE campaigns (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('draft', 'scheduled', 'freezing', 'sending', 'paused', 'done', 'cancelled')),
	plan TEXT NOT NULL,
	scheduled_at BIGINT,
	started_at BIGINT,
	ended_at BIGINT,
	frozen BOOLEAN NOT NULL,
	cursor BIGINT NOT NULL,
	planned BOOLEAN NOT NULL,
	audience BIGINT NOT NULL,
	reach BIGINT NOT NULL,
	holdout BIGINT NOT NULL,
	note TEXT,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX campaigns_state ON campaigns (state, scheduled_at);
-- The audience as it was frozen: roaring bitmaps of customer numbers, portable serialisation.
CREATE TABLE campaign_audiences (
	campaign_id TEXT PRIMARY KEY REFERENCES campaigns (id),
	people BLOB NOT NULL,
	frozen_at BIGINT NOT NULL
);
-- Progress by channel, kept by increments in the transaction of each batch.
CREATE TABLE campaign_counts (
	campaign_id TEXT NOT NULL,
	channel TEXT NOT NULL,
	step TEXT NOT NULL,
	reason TEXT NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (campaign_id, channel, step, reason)
);
-- One row for each message: to one person through one channel. The id says campaign, person and channel step.
CREATE TABLE messages (
	id TEXT PRIMARY KEY,
	campaign_id TEXT NOT NULL,
	customer BIGINT NOT NULL,
	channel TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'refused', 'failed', 'cancelled')),
	due_at BIGINT NOT NULL,
	attempts BIGINT NOT NULL,
	day BIGINT,
	reason TEXT,
	params TEXT,
	claimed_by TEXT,
	sent_at BIGINT,
	opened_at BIGINT,
	clicked_at BIGINT
);
CREATE INDEX messages_queued ON messages (campaign_id, channel, due_at) WHERE state = 'queued';
CREATE INDEX messages_sending ON messages (claimed_by) WHERE state = 'sending';
CREATE INDEX messages_customer ON messages (customer);
-- Facts that public links have caused already, by id: a link may be followed any number of times.
CREATE TABLE message_acts (
	id TEXT PRIMARY KEY
);
-- Processes that send, and when each was last alive (machine time).
CREATE TABLE senders (
	worker TEXT PRIMARY KEY,
	seen_at BIGINT NOT NULL
);
-- The simulated handset.
CREATE TABLE phone_messages (
	id TEXT PRIMARY KEY,
	customer BIGINT NOT NULL,
	campaign_id TEXT NOT NULL,
	title TEXT NOT NULL,
	body TEXT NOT NULL,
	image TEXT NOT NULL,
	url TEXT NOT NULL,
	action TEXT NOT NULL,
	arrived_at BIGINT NOT NULL,
	opened_at BIGINT,
	clicked_at BIGINT
);
CREATE INDEX phone_messages_customer ON phone_messages (customer, arrived_at);
