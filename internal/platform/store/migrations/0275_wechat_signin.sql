-- By which WeChat account a customer signed in ("appid:openid"), empty by a code to a phone.
ALTER TABLE customer_sessions ADD COLUMN openid TEXT NOT NULL DEFAULT '';

-- The local Official Account: its WeChat users, and the codes that sign them in.
CREATE TABLE sim_oa_users (
    openid TEXT PRIMARY KEY,
    unionid TEXT NOT NULL,
    nickname TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sim_oa_users_created ON sim_oa_users (created_at);

CREATE TABLE sim_oa_codes (
    code TEXT PRIMARY KEY,
    openid TEXT NOT NULL,
    used BOOLEAN NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sim_oa_codes_expires ON sim_oa_codes (expires_at);
