package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"huoshui/internal/platform/errs"
)

// Cost of a password hash: argon2id with 19 MiB, two passes, one lane (the OWASP minimum as of 2024; RFC 9106).
const (
	hashMemory = 19 * 1024 // KiB
	hashTime   = 2
	hashLanes  = 1
	hashLength = 32
	saltLength = 16
)

// Bounds of a password, in characters. The upper one keeps a stranger from making us hash megabytes.
const (
	MinPassword = 10
	MaxPassword = 128
)

// hashing bounds how many hashes run at once, so that a flood of sign-ins takes neither memory nor every core.
var hashing = make(chan struct{}, max(1, runtime.NumCPU()-1))

// CheckPassword returns Invalid when the password is too short, too long, or is the login itself.
func CheckPassword(login, password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword:
		return errs.New(errs.Invalid, "auth.password_short", "a password has at least %d characters", MinPassword).With("min", MinPassword).At("password")
	case n > MaxPassword:
		return errs.New(errs.Invalid, "auth.password_long", "a password has at most %d characters", MaxPassword).With("max", MaxPassword).At("password")
	case strings.EqualFold(login, password):
		return errs.New(errs.Invalid, "auth.password_is_login", "the password is the login").At("password")
	}
	return nil
}

// Hash returns the password's argon2id hash in PHC form, with a salt of its own. It may wait for other hashes.
func Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("salt: %w", err)
	}
	key, err := derive(ctx, password, salt, hashTime, hashMemory, hashLanes, hashLength)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// Verify reports whether the password has the hash, in time that does not depend on where they differ. An empty hash
// matches nothing but takes as long as any other, so that an unknown login cannot be told by the clock.
func Verify(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = decoy
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("password hash is not argon2id")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("password hash has version %q", parts[2])
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false, fmt.Errorf("password hash has cost %q", parts[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("password salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("password hash: %w", err)
	}
	if utf8.RuneCountInString(password) > MaxPassword {
		return false, nil
	}
	got, err := derive(ctx, password, salt, passes, memory, lanes, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

// decoy has the form and cost of a real hash and no password.
var decoy = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashLanes,
	strings.Repeat("A", 22), strings.Repeat("A", 43))

func derive(ctx context.Context, password string, salt []byte, passes, memory uint32, lanes uint8, length uint32) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, length), nil
}

// OneTimePassword returns 20 random characters that are not mistaken for one another, in groups of five.
func OneTimePassword() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789" // 31: without i, l, o, 0, 1
	var out strings.Builder
	for out.Len() < 23 {
		if out.Len()%6 == 5 {
			out.WriteByte('-')
		}
		var b [1]byte
		if _, err := rand.Read(b[:]); err != nil {
			panic(err) // the platform has no randomness: nothing can go on
		}
		if b[0] < 248 { // 8 × 31: every letter equally likely
			out.WriteByte(letters[b[0]%31])
		}
	}
	return out.String()
}
