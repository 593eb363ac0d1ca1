-- A launch sells goods as one object: stages in order, each with a window, a goal and actions. state: draft, scheduled, running, paused,
-- finished, cancelled. begins_at, sale_at and ends_at repeat what stages says, to be asked for.
CREATE TABLE launches (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    goods TEXT NOT NULL,
    stages TEXT NOT NULL,
    begins_at BIGINT NOT NULL,
    reserve_until BIGINT NOT NULL,
    sale_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    parent TEXT NOT NULL,
    wave BIGINT NOT NULL CHECK (wave > 0),
    revision BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT
);
CREATE INDEX launches_state ON launches (state, begins_at);
CREATE INDEX launches_parent ON launches (parent);

-- Whose page tells of a launch.
CREATE TABLE launch_goods (
    launch TEXT NOT NULL,
    goods TEXT NOT NULL,
    PRIMARY KEY (launch, goods)
);
CREATE INDEX launch_goods_goods ON launch_goods (goods, launch);

-- What a launch does, once each. made is the id of what it makes, written down before it is made, so that doing it again after a crash
-- makes it once. state: waiting, doing, done, skipped (there was nobody), missed (its stage was over), dropped (cancelled before), undone.
CREATE TABLE launch_steps (
    id TEXT PRIMARY KEY,
    launch TEXT NOT NULL,
    stage TEXT NOT NULL,
    action TEXT NOT NULL,
    wave BIGINT NOT NULL,
    kind TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    made TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    held BOOLEAN NOT NULL,
    people BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX launch_steps_launch ON launch_steps (launch, due_at);
CREATE INDEX launch_steps_due ON launch_steps (state, next_at);

-- Who wants to hear when it is sold. One row for each person and launch; taken back, it stays and says so.
CREATE TABLE launch_reservations (
    id TEXT PRIMARY KEY,
    launch TEXT NOT NULL,
    customer BIGINT NOT NULL,
    goods TEXT NOT NULL,
    reserved_at BIGINT NOT NULL,
    cancelled_at BIGINT,
    UNIQUE (launch, customer)
);
CREATE INDEX launch_reservations_customer ON launch_reservations (customer, launch);

-- What was sold within a window.
CREATE INDEX orders_paid ON orders (paid_at);
