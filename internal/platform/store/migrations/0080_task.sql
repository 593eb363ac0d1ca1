-- What staff do for one customer by hand: a call, a message from their own account. A message asks for at most one task.
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    campaign_id TEXT NOT NULL,
    strategy_id TEXT NOT NULL,
    customer BIGINT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    team TEXT NOT NULL,
    assignee TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed')),
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT NOT NULL
);

CREATE INDEX tasks_due ON tasks (state, due_at, id);

CREATE INDEX tasks_assignee ON tasks (assignee, state, due_at, id);

CREATE INDEX tasks_customer ON tasks (customer, id);

CREATE INDEX tasks_campaign ON tasks (campaign_id, state);
