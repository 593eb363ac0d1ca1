package staff

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Service is what can be done with accounts. Its clock is the machine's, never a simulated one.
type Service struct {
	db  *store.DB
	now clock.Clock
}

// NewService returns the accounts kept in db.
func NewService(db *store.DB, now clock.Clock) *Service { return &Service{db, now} }

// Issued is an account with the one-time password that opens it; the password is shown once and stored nowhere.
type Issued struct {
	Account  Account `json:"account"`
	Password string  `json:"password" doc:"One-time password, shown only here; it must be changed at the first sign-in"`
}

// Join opens an account with a one-time password. Conflict when the login is taken.
func (s *Service) Join(ctx context.Context, cmd NewAccount) (Issued, error) {
	account, err := newAccount(cmd, s.now())
	if err != nil {
		return Issued{}, err
	}
	password := auth.OneTimePassword()
	if account.PasswordHash, err = auth.Hash(ctx, password); err != nil {
		return Issued{}, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "staff", account) })
	if errs.Is(err, errs.Conflict) {
		return Issued{}, errs.New(errs.Conflict, "staff.login_taken", "the login %q is taken", account.Login).With("login", account.Login).At("login")
	}
	if err != nil {
		return Issued{}, fmt.Errorf("open account: %w", err)
	}
	return Issued{account, password}, nil
}

// FirstAdmin opens the administrator's account when there is no account at all. made is false when there is one.
func (s *Service) FirstAdmin(ctx context.Context) (issued Issued, made bool, err error) {
	account, err := newAccount(NewAccount{Login: "admin", Name: "管理员", Role: Admin}, s.now())
	if err != nil {
		return Issued{}, false, err
	}
	n, err := store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM staff`)
	if err != nil || n > 0 {
		return Issued{}, false, err
	}
	password := auth.OneTimePassword()
	if account.PasswordHash, err = auth.Hash(ctx, password); err != nil {
		return Issued{}, false, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "staff", account) })
	if errs.Is(err, errs.Conflict) { // another process was first
		return Issued{}, false, nil
	}
	return Issued{account, password}, err == nil, err
}

// Get returns an account, NotFound when there is none.
func (s *Service) Get(ctx context.Context, id string) (Account, error) {
	return accountByID(ctx, s.db, id)
}

// ByLogin returns an account, NotFound when there is none.
func (s *Service) ByLogin(ctx context.Context, login string) (Account, error) {
	a, err := accountByLogin(ctx, s.db, normalLogin(login))
	if errs.Is(err, errs.NotFound) {
		return Account{}, errs.New(errs.NotFound, "staff.not_found", "there is no such account")
	}
	return a, err
}

// List returns the open accounts, and the closed ones too when all is set, whose login, name or team contains search.
func (s *Service) List(ctx context.Context, search string, all bool) ([]Account, error) {
	return listAccounts(ctx, s.db, search, all)
}

// Principal returns who signs in with the account and what she may do; NotFound when it is closed.
func (s *Service) Principal(ctx context.Context, staffID string) (auth.Staff, error) {
	a, err := accountByID(ctx, s.db, staffID)
	if err != nil {
		return auth.Staff{}, err
	}
	if !a.Active {
		return auth.Staff{}, errs.New(errs.NotFound, "staff.closed", "the account is closed")
	}
	return a.principal(), nil
}

// Change changes an account. The last administrator stays one.
func (s *Service) Change(ctx context.Context, id string, c Change) (account Account, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := holdAdmins(ctx, tx); err != nil {
			return err
		}
		before, err := accountByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if account, err = before.apply(c, s.now()); err != nil {
			return err
		}
		if before.Role == Admin && before.Active && (account.Role != Admin || !account.Active) {
			others, err := otherAdmins(ctx, tx, id)
			if err != nil {
				return err
			}
			if others == 0 {
				return errs.New(errs.Conflict, "staff.last_admin", "this is the last administrator")
			}
		}
		if !account.Active {
			if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE staff_id = ?`, id); err != nil {
				return err
			}
		}
		return updateAccount(ctx, tx, account)
	})
	return account, err
}

// Reset gives an account a new one-time password, opens it if it was locked, and ends its sessions.
func (s *Service) Reset(ctx context.Context, id string) (issued Issued, err error) {
	issued.Password = auth.OneTimePassword()
	hash, err := auth.Hash(ctx, issued.Password)
	if err != nil {
		return Issued{}, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE staff SET password_hash = ?, must_change = ?, failures = 0, locked_until = NULL, updated_at = ? WHERE id = ?`,
			hash, true, s.now(), id)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "staff.not_found", "there is no such account")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE staff_id = ?`, id); err != nil {
			return err
		}
		issued.Account, err = accountByID(ctx, tx, id)
		return err
	})
	if err != nil {
		return Issued{}, err
	}
	return issued, nil
}

// errWrong is the one answer to a wrong login and to a wrong password.
var errWrong = errs.New(errs.Denied, "auth.wrong", "the login or the password is wrong")

// SignIn returns the person of a login and password. A wrong one counts: after a few in a row the account takes none,
// not even the right one, for a while that doubles (Limited, with retry_after in seconds). An unknown login is answered
// like a wrong password, and as slowly.
func (s *Service) SignIn(ctx context.Context, login, password string) (auth.Staff, error) {
	account, err := accountByLogin(ctx, s.db, normalLogin(login))
	if err != nil && !errs.Is(err, errs.NotFound) {
		return auth.Staff{}, err
	}
	unknown := err != nil || !account.Active
	now := s.now()
	if !unknown && now.Before(account.LockedUntil) {
		return auth.Staff{}, locked(account.LockedUntil.Sub(now))
	}
	hash := account.PasswordHash
	if unknown {
		hash = ""
	}
	right, err := auth.Verify(ctx, hash, password)
	if err != nil {
		return auth.Staff{}, err
	}
	switch {
	case unknown:
		return auth.Staff{}, errWrong
	case !right:
		return auth.Staff{}, s.wrongPassword(ctx, account.ID)
	}
	// A lock that arose while the password was being hashed holds: guesses made at once must not slip past it.
	n, err := s.db.Exec(ctx, `UPDATE staff SET failures = 0, locked_until = NULL, signed_in_at = ?
		WHERE id = ? AND password_hash = ? AND (locked_until IS NULL OR locked_until <= ?)`, now, account.ID, account.PasswordHash, now)
	if err != nil {
		return auth.Staff{}, err
	}
	if n == 0 {
		return auth.Staff{}, errWrong
	}
	return account.principal(), nil
}

// wrongPassword counts a failure and returns what to answer.
func (s *Service) wrongPassword(ctx context.Context, id string) error {
	var lock time.Duration
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE staff SET failures = failures + 1 WHERE id = ?`, id); err != nil {
			return err
		}
		failures, err := store.One[int64](ctx, tx, `SELECT failures FROM staff WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if lock = lockAfter(failures); lock == 0 {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE staff SET locked_until = ? WHERE id = ?`, s.now().Add(lock), id)
		return err
	})
	if err != nil {
		return err
	}
	if lock > 0 {
		return locked(lock)
	}
	return errWrong
}

func locked(left time.Duration) error {
	seconds := int((left + time.Second - 1) / time.Second)
	return errs.New(errs.Limited, "auth.locked", "too many wrong passwords; try again in %d s", seconds).With("retry_after", seconds)
}

// ChangePassword sets a person's own new password; the old one must be right. The new one must differ.
func (s *Service) ChangePassword(ctx context.Context, id, old, password string) error {
	account, err := accountByID(ctx, s.db, id)
	if err != nil {
		return err
	}
	if err := auth.CheckPassword(account.Login, password); err != nil {
		return err
	}
	if old == password {
		return errs.New(errs.Invalid, "auth.password_same", "the new password is the old one").At("password")
	}
	now := s.now()
	if now.Before(account.LockedUntil) {
		return locked(account.LockedUntil.Sub(now))
	}
	right, err := auth.Verify(ctx, account.PasswordHash, old)
	if err != nil {
		return err
	}
	if !right {
		return s.wrongPassword(ctx, id)
	}
	hash, err := auth.Hash(ctx, password)
	if err != nil {
		return err
	}
	n, err := s.db.Exec(ctx, `UPDATE staff SET password_hash = ?, must_change = ?, failures = 0, updated_at = ? WHERE id = ? AND password_hash = ?`,
		hash, false, now, id, account.PasswordHash)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "auth.password_changed", "the password was changed meanwhile")
	}
	return err
}

// Record is one call that may have changed something: who, what, when, from where, and how it ended.
type Record struct {
	ID        string    `json:"id" db:"id"`
	At        time.Time `json:"at" db:"at"`
	StaffID   string    `json:"staff_id" db:"staff_id"`
	Login     string    `json:"login" db:"login"`
	Action    string    `json:"action" db:"action" doc:"Operation of the API, as in the OpenAPI document"`
	Target    string    `json:"target" db:"target" doc:"Path of the call: what it was about"`
	Status    int       `json:"status" db:"status" doc:"HTTP status it ended with"`
	Remote    string    `json:"remote" db:"remote" doc:"Address it came from"`
	RequestID string    `json:"request_id" db:"request_id"`
}

// Note keeps a record; ID and time are set here.
func (s *Service) Note(ctx context.Context, r Record) error {
	r.ID, r.At = id.New("aud"), s.now()
	return s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "audit", r) })
}

// Audit returns at most limit records, newest first, below the cursor if there is one, of one person if she is named.
// next is the cursor of the following page, "" at the end.
func (s *Service) Audit(ctx context.Context, staffID, below string, limit int) (records []Record, next string, err error) {
	records, err = listAudit(ctx, s.db, staffID, below, limit+1)
	if len(records) > limit {
		records = records[:limit]
		next = records[limit-1].ID
	}
	return records, next, err
}
