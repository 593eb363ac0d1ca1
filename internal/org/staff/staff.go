// Package staff holds the accounts of the people who work with Huoshui: who they are, what their role lets them do,
// how they sign in, and the record of what they did.
package staff

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
)

// Account is a member of staff. An account is closed, never deleted: the record of what she did names her.
type Account struct {
	ID           string    `json:"id" db:"id"`
	Login        string    `json:"login" db:"login"` // lower case, unique
	Name         string    `json:"name" db:"name"`
	Role         Role      `json:"role" db:"role"`
	Team         string    `json:"team" db:"team" doc:"Owner team that tasks are given to, such as vip_service"`
	Email        string    `json:"email" db:"email"`
	Active       bool      `json:"active" db:"active"`
	MustChange   bool      `json:"must_change" db:"must_change" doc:"Signs in with a one-time password"`
	PasswordHash string    `json:"-" db:"password_hash"`
	Failures     int64     `json:"-" db:"failures"` // wrong passwords since the last right one
	LockedUntil  time.Time `json:"locked_until,omitzero" db:"locked_until" doc:"No sign-in before this time"`
	SignedInAt   time.Time `json:"signed_in_at,omitzero" db:"signed_in_at"`
	CreatedAt    time.Time `json:"created_at" db:"created_at"`
	UpdatedAt    time.Time `json:"updated_at" db:"updated_at"`
}

// NewAccount is what is asked for when a member of staff joins.
type NewAccount struct {
	Login string `json:"login" minLength:"2" maxLength:"40" example:"ops"`
	Name  string `json:"name" minLength:"1" maxLength:"60"`
	Role  Role   `json:"role" enum:"director,product,activity,content,user,data,channel,guide,vip_service,finance,admin"`
	Team  string `json:"team,omitempty" maxLength:"40"`
	Email string `json:"email,omitempty" maxLength:"200"`
}

// Change is what may be changed of an account; nil leaves it as it is.
type Change struct {
	Name   *string `json:"name,omitempty" minLength:"1" maxLength:"60"`
	Role   *Role   `json:"role,omitempty" enum:"director,product,activity,content,user,data,channel,guide,vip_service,finance,admin"`
	Team   *string `json:"team,omitempty" maxLength:"40"`
	Email  *string `json:"email,omitempty" maxLength:"200"`
	Active *bool   `json:"active,omitempty"`
}

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,39}$`)

// newAccount checks what is asked for and makes the account, without a password.
func newAccount(cmd NewAccount, now time.Time) (Account, error) {
	a := Account{
		ID: id.New("stf"), Login: normalLogin(cmd.Login), Name: strings.TrimSpace(cmd.Name), Role: cmd.Role,
		Team: strings.TrimSpace(cmd.Team), Email: strings.TrimSpace(cmd.Email),
		Active: true, MustChange: true, CreatedAt: now, UpdatedAt: now,
	}
	return a, a.check()
}

func normalLogin(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// check holds the rules of an account.
func (a Account) check() error {
	switch {
	case !loginForm.MatchString(a.Login):
		return errs.New(errs.Invalid, "staff.login_form", "a login is 2 to 40 small letters, digits and . _ - @").At("login")
	case a.Name == "" || utf8.RuneCountInString(a.Name) > 60:
		return errs.New(errs.Invalid, "staff.name_form", "a name has 1 to 60 characters").At("name")
	case !slices.Contains(Roles(), a.Role):
		return errs.New(errs.Invalid, "staff.role_unknown", "there is no role %q", a.Role).With("role", string(a.Role)).At("role")
	case a.Email != "" && !strings.Contains(a.Email, "@"):
		return errs.New(errs.Invalid, "staff.email_form", "that is no e-mail address").At("email")
	}
	return nil
}

// apply returns the account with the change made.
func (a Account) apply(c Change, now time.Time) (Account, error) {
	if c.Name != nil {
		a.Name = strings.TrimSpace(*c.Name)
	}
	if c.Role != nil {
		a.Role = *c.Role
	}
	if c.Team != nil {
		a.Team = strings.TrimSpace(*c.Team)
	}
	if c.Email != nil {
		a.Email = strings.TrimSpace(*c.Email)
	}
	if c.Active != nil {
		a.Active = *c.Active
	}
	a.UpdatedAt = now
	return a, a.check()
}

// principal is the account as every request sees it.
func (a Account) principal() auth.Staff {
	return auth.Staff{
		ID: a.ID, Login: a.Login, Name: a.Name, Role: string(a.Role), Team: a.Team,
		MustChange: a.MustChange, Permissions: Permissions(a.Role),
	}
}

// Lockout after wrong passwords: none for the first freeTries, then 30 s, doubling, at most an hour.
const (
	freeTries   = 4
	firstLock   = 30 * time.Second
	longestLock = time.Hour
)

// lockAfter returns how long an account is closed to sign-in after its nth wrong password in a row.
func lockAfter(failures int64) time.Duration {
	if failures <= freeTries {
		return 0
	}
	lock := firstLock
	for i := int64(freeTries + 1); i < failures && lock < longestLock; i++ {
		lock *= 2
	}
	return min(lock, longestLock)
}
