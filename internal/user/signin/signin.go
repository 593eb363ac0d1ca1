// Package signin lets customers into the store: a code goes to a phone, who types it in is that phone's customer, old or new.
// Nothing it answers tells whether a number is a customer's.
package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// How long things last, and how often they may be asked for.
const (
	CodeLasts    = 5 * time.Minute
	SessionLasts = 30 * 24 * time.Hour // since it was last used
	touchEvery   = time.Hour

	maxTries    = 5
	perMinute   = 1
	perHour     = 5
	perDay      = 10
	askedNumber = perDay // instants that are remembered
)

// errCode is the answer to a wrong code, whatever is wrong with it.
var errCode = errs.New(errs.Invalid, "shop.code_wrong", "the code is wrong or has expired").At("code")

// Sender sends a code to a phone.
type Sender interface {
	// SendCode sends a text with the code. What it cannot send is an error that says so; the phone number is in E.164 or national form.
	SendCode(ctx context.Context, phone, code string) error
}

// Sealer makes keyed hashes of phone numbers and codes.
type Sealer interface {
	Sign(purpose string, message []byte) string
}

// Service lets customers in.
type Service struct {
	db       *store.DB
	now      func() time.Time
	identity *identity.Service
	sender   Sender
	sealer   Sealer
}

// NewService returns the service.
func NewService(db *store.DB, people *identity.Service, sender Sender, sealer Sealer, now func() time.Time) *Service {
	return &Service{db: db, now: now, identity: people, sender: sender, sealer: sealer}
}

type codeRow struct {
	Phone     string      `db:"phone"`
	Code      string      `db:"code"`
	ExpiresAt time.Time   `db:"expires_at"`
	Tries     int64       `db:"tries"`
	Asked     []time.Time `db:"asked,json"`
}

// Ask sends a code to a phone. Too often is a Limited error that says when to come again.
func (s *Service) Ask(ctx context.Context, phone string) error {
	number, err := files.Phone(phone)
	if err != nil || number == "" {
		return errs.New(errs.Invalid, "shop.phone", "this is no phone number").At("phone")
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1e6))
	if err != nil {
		return fmt.Errorf("code: %w", err)
	}
	code, key, now := fmt.Sprintf("%06d", n), s.sealer.Sign("sign-in phone", []byte(number)), s.now().UTC().Truncate(time.Microsecond)
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM signin_codes WHERE expires_at < ? AND phone <> ?`, now.Add(-24*time.Hour), key); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO signin_codes (phone, code, expires_at, tries, asked) VALUES (?, '', 0, 0, '[]')
			ON CONFLICT (phone) DO UPDATE SET tries = signin_codes.tries`, key); err != nil { // holds the row until the transaction ends
			return err
		}
		row, err := store.One[codeRow](ctx, tx, `SELECT * FROM signin_codes WHERE phone = ?`, key)
		if err != nil {
			return err
		}
		if wait := tooOften(row.Asked, now); wait > 0 {
			return errs.New(errs.Limited, "shop.code_often", "a code was sent a moment ago").With("retry_after", int64(wait/time.Second)+1)
		}
		asked := append(row.Asked, now)
		if len(asked) > askedNumber {
			asked = asked[len(asked)-askedNumber:]
		}
		body, err := json.Marshal(asked)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE signin_codes SET code = ?, expires_at = ?, tries = 0, asked = ? WHERE phone = ?`, s.hash(key, code), now.Add(CodeLasts), string(body), key)
		return err
	})
	if err != nil {
		return err
	}
	return s.sender.SendCode(ctx, number, code)
}

// tooOften returns how long to wait before another code, 0 when one may be sent now.
func tooOften(asked []time.Time, now time.Time) time.Duration {
	var wait time.Duration
	for _, limit := range []struct {
		most   int
		within time.Duration
	}{{perMinute, time.Minute}, {perHour, time.Hour}, {perDay, 24 * time.Hour}} {
		if len(asked) >= limit.most {
			if since := now.Sub(asked[len(asked)-limit.most]); since < limit.within {
				wait = max(wait, limit.within-since)
			}
		}
	}
	return wait
}

func (s *Service) hash(phone, code string) string {
	return s.sealer.Sign("sign-in code", []byte(phone+"\x00"+code))
}

// Enter signs in who knows the code that was sent to a phone, and returns the token that her browser keeps. A code opens once,
// and after five wrong ones never. Origin is by which source channel she came, if she is new. held is the token that her
// browser kept until now ("" for none): if she was signed in by WeChat, her WeChat account and the phone are one person's.
func (s *Service) Enter(ctx context.Context, phone, code, origin, held string) (token string, number uint32, err error) {
	plain, err := files.Phone(phone)
	if err != nil || plain == "" {
		return "", 0, errs.New(errs.Invalid, "shop.phone", "this is no phone number").At("phone")
	}
	key, now := s.sealer.Sign("sign-in phone", []byte(plain)), s.now()
	right := false
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		// one more try, whatever becomes of it: this also holds the row against guesses from many sides
		n, err := tx.Exec(ctx, `UPDATE signin_codes SET tries = tries + 1 WHERE phone = ? AND tries < ? AND expires_at > ? AND code <> ''`, key, maxTries, now)
		if err != nil || n == 0 {
			return err
		}
		row, err := store.One[codeRow](ctx, tx, `SELECT * FROM signin_codes WHERE phone = ?`, key)
		if err != nil || subtle.ConstantTimeCompare([]byte(row.Code), []byte(s.hash(key, code))) != 1 {
			return err
		}
		right = true
		if _, err := tx.Exec(ctx, `UPDATE signin_codes SET code = '' WHERE phone = ?`, key); err != nil {
			return err
		}
		openid, err := openIDOf(ctx, tx, held, now)
		if err != nil {
			return err
		}
		keys := []customer.Key{{Kind: customer.KeyPhone, Value: plain}}
		if openid != "" {
			keys = append(keys, customer.Key{Kind: customer.KeyOpenID, Value: openid})
		}
		token, number, err = s.begin(ctx, tx, keys, origin, openid, now)
		return err
	})
	if err == nil && !right {
		err = errCode
	}
	if err != nil {
		return "", 0, err
	}
	return token, number, nil
}

// EnterWechat signs in who WeChat says somebody is: her openid in the application appid, and her unionid if WeChat told it.
func (s *Service) EnterWechat(ctx context.Context, appid, openid, unionid, origin string) (token string, number uint32, err error) {
	now := s.now()
	key := appid + ":" + openid
	keys := []customer.Key{{Kind: customer.KeyOpenID, Value: key}}
	if unionid != "" {
		keys = append(keys, customer.Key{Kind: customer.KeyUnionID, Value: unionid})
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		token, number, err = s.begin(ctx, tx, keys, origin, key, now)
		return err
	})
	return token, number, err
}

// begin makes or finds the person of the keys and signs her in.
func (s *Service) begin(ctx context.Context, tx *store.Tx, keys []customer.Key, origin, openid string, now time.Time) (token string, number uint32, err error) {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", 0, fmt.Errorf("session: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	refs, err := s.identity.Resolve(ctx, tx, []identity.Sighting{{
		Source: "store", Origin: origin, Person: customer.Person{Keys: keys, RegisteredAt: now, SeenAt: now, Source: origin},
	}}, now)
	if err != nil {
		return "", 0, err
	}
	number = refs[0].Number
	if _, err := tx.Exec(ctx, `DELETE FROM customer_sessions WHERE expires_at <= ?`, now); err != nil {
		return "", 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO customer_sessions (token, customer, seen_at, expires_at, openid) VALUES (?, ?, ?, ?, ?)`, hashed(token), number, now, now.Add(SessionLasts), openid)
	return token, number, err
}

// OpenID returns the openid in appid by which a browser is signed in; "" when it is not by WeChat.
func (s *Service) OpenID(ctx context.Context, token, appid string) (string, error) {
	openid, err := openIDOf(ctx, s.db, token, s.now())
	if rest, ok := strings.CutPrefix(openid, appid+":"); ok {
		return rest, err
	}
	return "", err
}

func openIDOf(ctx context.Context, q store.Querier, token string, now time.Time) (string, error) {
	if token == "" {
		return "", nil
	}
	openid, err := store.One[string](ctx, q, `SELECT openid FROM customer_sessions WHERE token = ? AND expires_at > ?`, hashed(token), now)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return openid, err
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Who returns the customer whose browser holds a token, or auth.ErrSignIn. Who was merged into another is that other; who was
// erased is signed out.
func (s *Service) Who(ctx context.Context, token string) (uint32, error) {
	if token == "" {
		return 0, auth.ErrSignIn
	}
	type row struct {
		Customer  uint32    `db:"customer"`
		SeenAt    time.Time `db:"seen_at"`
		ExpiresAt time.Time `db:"expires_at"`
		Erased    bool      `db:"erased"`
		Into      uint32    `db:"merged_into"`
	}
	r, err := store.One[row](ctx, s.db, `SELECT s.customer, s.seen_at, s.expires_at, c.erased, c.merged_into
		FROM customer_sessions s JOIN customers c ON c.number = s.customer WHERE s.token = ?`, hashed(token))
	if errs.Is(err, errs.NotFound) {
		return 0, auth.ErrSignIn
	}
	if err != nil {
		return 0, err
	}
	now := s.now()
	if !now.Before(r.ExpiresAt) || r.Erased && r.Into == 0 {
		return 0, auth.ErrSignIn
	}
	for range 8 { // merges of merges are few
		if r.Into == 0 {
			break
		}
		r.Customer = r.Into
		if r.Into, err = store.One[uint32](ctx, s.db, `SELECT COALESCE(merged_into, 0) FROM customers WHERE number = ?`, r.Customer); err != nil {
			return 0, err
		}
	}
	if now.Sub(r.SeenAt) >= touchEvery {
		if _, err := s.db.Exec(ctx, `UPDATE customer_sessions SET seen_at = ?, expires_at = ? WHERE token = ?`, now, now.Add(SessionLasts), hashed(token)); err != nil {
			return 0, err
		}
	}
	return r.Customer, nil
}

// Leave signs a browser out.
func (s *Service) Leave(ctx context.Context, token string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM customer_sessions WHERE token = ?`, hashed(token))
	return err
}
