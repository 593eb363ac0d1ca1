package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// How long a session lives: without use, and however much it is used.
const (
	IdleExpiry     = 12 * time.Hour
	AbsoluteExpiry = 7 * 24 * time.Hour
	touchEvery     = time.Minute // how exactly use is remembered, so that reading does not write every time
)

// Directory knows the people behind sessions.
type Directory interface {
	// Principal returns the person and what she may do; NotFound when there is no such account, or it is closed.
	Principal(ctx context.Context, staffID string) (Staff, error)
}

// Sessions keeps who is signed in. Its clock is the machine's, never a simulated one: moving the demo's time on must
// not sign anybody out. Safe for concurrent use.
type Sessions struct {
	db     *store.DB
	people Directory
	now    clock.Clock
}

// NewSessions returns the sessions kept in db.
func NewSessions(db *store.DB, people Directory, now clock.Clock) *Sessions {
	return &Sessions{db: db, people: people, now: now}
}

// session is a row; the token itself is only in the browser.
type session struct {
	TokenHash string    `db:"token_hash"`
	StaffID   string    `db:"staff_id"`
	StartedAt time.Time `db:"started_at"`
	SeenAt    time.Time `db:"seen_at"`
	ExpiresAt time.Time `db:"expires_at"`
	Remote    string    `db:"remote"`
	Agent     string    `db:"agent"`
}

// expired reports whether the session has been unused, or has lived, too long.
func (s session) expired(now time.Time) bool {
	return !now.Before(s.ExpiresAt) || !now.Before(s.SeenAt.Add(IdleExpiry))
}

// Start signs the person in and returns the token for her cookie. remote and agent say from where, for the record.
func (s *Sessions) Start(ctx context.Context, staffID, remote, agent string) (token string, err error) {
	token = newToken()
	now := s.now()
	row := session{
		TokenHash: hashToken(token), StaffID: staffID,
		StartedAt: now, SeenAt: now, ExpiresAt: now.Add(AbsoluteExpiry),
		Remote: remote, Agent: truncate(agent, 200),
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE expires_at <= ? OR seen_at <= ?`, now, now.Add(-IdleExpiry))
		if err != nil {
			return err
		}
		return store.Insert(ctx, tx, "sessions", row)
	})
	return token, err
}

// Resolve returns the person whose cookie holds the token; ErrSignIn when there is no such session, it has expired, or
// her account is closed.
func (s *Sessions) Resolve(ctx context.Context, token string) (Staff, error) {
	if token == "" {
		return Staff{}, ErrSignIn
	}
	row, err := store.One[session](ctx, s.db, `SELECT * FROM sessions WHERE token_hash = ?`, hashToken(token))
	if errs.Is(err, errs.NotFound) {
		return Staff{}, ErrSignIn
	}
	if err != nil {
		return Staff{}, err
	}
	now := s.now()
	if row.expired(now) {
		return Staff{}, ErrSignIn
	}
	staff, err := s.people.Principal(ctx, row.StaffID)
	if errs.Is(err, errs.NotFound) {
		return Staff{}, ErrSignIn
	}
	if err != nil {
		return Staff{}, err
	}
	if now.Sub(row.SeenAt) >= touchEvery {
		if _, err := s.db.Exec(ctx, `UPDATE sessions SET seen_at = ? WHERE token_hash = ?`, now, row.TokenHash); err != nil {
			return Staff{}, err
		}
	}
	return staff, nil
}

// End signs the session out; ending one that is not there is fine.
func (s *Sessions) End(ctx context.Context, token string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE token_hash = ?`, hashToken(token))
	return err
}

// EndOthers signs the person out everywhere but in the session of the token ("" for everywhere).
func (s *Sessions) EndOthers(ctx context.Context, staffID, token string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE staff_id = ? AND token_hash <> ?`, staffID, hashToken(token))
	return err
}

type link struct {
	TokenHash string    `db:"token_hash"`
	StaffID   string    `db:"staff_id"`
	ExpiresAt time.Time `db:"expires_at"`
}

// IssueLink returns a token that signs the person in once, within ttl, without her password: the demo's first page.
// The console takes it at /api/v1/session/link/{token}.
func (s *Sessions) IssueLink(ctx context.Context, staffID string, ttl time.Duration) (token string, err error) {
	token = newToken()
	now := s.now()
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_links WHERE expires_at <= ?`, now); err != nil {
			return err
		}
		return store.Insert(ctx, tx, "sign_in_links", link{hashToken(token), staffID, now.Add(ttl)})
	})
	return token, err
}

// RedeemLink uses a link up and returns whose it was; ErrSignIn when it is used, expired or unknown.
func (s *Sessions) RedeemLink(ctx context.Context, token string) (staffID string, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		found, err := store.One[link](ctx, tx, `SELECT * FROM sign_in_links WHERE token_hash = ?`, hashToken(token))
		if errs.Is(err, errs.NotFound) {
			return ErrSignIn
		}
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM sign_in_links WHERE token_hash = ?`, found.TokenHash)
		if err != nil {
			return err
		}
		if n == 0 || !s.now().Before(found.ExpiresAt) {
			return ErrSignIn
		}
		staffID = found.StaffID
		return nil
	})
	return staffID, err
}

// newToken returns 256 random bits for a cookie or a link.
func newToken() string {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // the platform has no randomness: nothing can go on
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashToken is what the store keeps of a token; it has enough randomness for a plain hash.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// truncate cuts s to at most n bytes, at the start of a character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
