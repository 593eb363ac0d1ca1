// Package id makes identifiers: text, time-ordered, with a prefix that says what they name.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

var last struct {
	sync.Mutex
	micros uint64
}

// New returns a new identifier: prefix, "_" and 26 characters that sort by creation time within a process.
func New(prefix string) string {
	var b [16]byte
	now := uint64(time.Now().UnixMicro())
	last.Lock()
	if now <= last.micros {
		now = last.micros + 1
	}
	last.micros = now
	last.Unlock()
	binary.BigEndian.PutUint64(b[:8], now)
	if _, err := rand.Read(b[8:]); err != nil {
		panic(err) // the platform has no randomness: nothing can go on
	}
	return prefix + "_" + alphabet.EncodeToString(b[:])
}

// From returns the identifier that the parts always give: the same cause has the same id, so doing it twice is seen.
func From(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return prefix + "_" + alphabet.EncodeToString(sum[:16])
}
