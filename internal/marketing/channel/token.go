package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strings"
	"sync"

	"huoshui/internal/platform/errs"
)

// Kind is what a tracking token may be used for; a token of one kind is no good as another.
type Kind byte

// The kinds of token, one for each public address.
const (
	KindOpen        Kind = 'o'
	KindClick       Kind = 'c'
	KindUnsubscribe Kind = 'u'
)

// macSize is how much of the HMAC-SHA256 a token carries: 128 bits.
const macSize = 16

// Signer makes and reads tracking tokens. A token carries what it is for, the message's id and, for a click, the
// address it leads to, all under an HMAC: nobody can make one that leads elsewhere, so there is no open redirect.
type Signer struct {
	base func() string // public address of this installation
	macs sync.Pool
}

// NewSigner returns a signer for links under the public base address ("https://brand.example"), which is asked for each
// time since it may be known only once the server listens. key is secret.
func NewSigner(key []byte, base func() string) *Signer {
	key = append([]byte(nil), key...)
	return &Signer{base: base, macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// Open returns the address of the picture that says the message was opened.
func (s *Signer) Open(message string) string {
	return s.root() + "/t/o/" + s.token(KindOpen, message, "") + ".gif"
}

// Unsubscribe returns the address of the page, and of the one-click POST (RFC 8058), that unsubscribes the person.
func (s *Signer) Unsubscribe(message string) string {
	return s.root() + "/t/u/" + s.token(KindUnsubscribe, message, "")
}

// Click returns the address that records a click and leads to url. Addresses that are not http(s) stay as they are.
func (s *Signer) Click(message, url string) string {
	if !web(url) {
		return url
	}
	return s.root() + "/t/c/" + s.token(KindClick, message, url)
}

func (s *Signer) root() string { return strings.TrimRight(s.base(), "/") }

func web(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}

func (s *Signer) token(kind Kind, message, url string) string {
	raw := make([]byte, 0, macSize+len(message)+len(url)+2)
	raw = append(raw, make([]byte, macSize)...)
	raw = append(raw, byte(kind))
	raw = append(raw, message...)
	raw = append(raw, 0)
	raw = append(raw, url...)
	s.sum(raw[:0], raw[macSize:])
	return base64.RawURLEncoding.EncodeToString(raw)
}

// sum writes macSize bytes of the HMAC of body to the front of out.
func (s *Signer) sum(out, body []byte) {
	mac := s.macs.Get().(hash.Hash)
	mac.Reset()
	mac.Write(body)
	var full [sha256.Size]byte
	copy(out[:macSize], mac.Sum(full[:0])[:macSize])
	s.macs.Put(mac)
}

// Read returns the message and, for a click, the address of a token that we made for this kind of use.
func (s *Signer) Read(kind Kind, token string) (message, url string, err error) {
	bad := errs.New(errs.NotFound, "tracking.bad_link", "this link is damaged or was not made here")
	raw, e := base64.RawURLEncoding.Strict().DecodeString(token)
	if e != nil || len(raw) < macSize+2 {
		return "", "", bad
	}
	var want [macSize]byte
	s.sum(want[:0], raw[macSize:])
	if !hmac.Equal(want[:], raw[:macSize]) || raw[macSize] != byte(kind) {
		return "", "", bad
	}
	message, url, ok := strings.Cut(string(raw[macSize+1:]), "\x00")
	if !ok || (kind == KindClick) != web(url) {
		return "", "", bad
	}
	return message, url, nil
}
