// Package secret seals what must be kept but not read (SMTP passwords) and signs what comes back from strangers
// (tracking links), all from one master key: the environment's, or a file in the data directory that only the owner
// can read.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const keySize = 32

// Keys holds the master key; every purpose gets a key of its own, derived by HKDF-SHA256 (RFC 5869). Safe for
// concurrent use.
type Keys struct{ master []byte }

// Load returns the keys of base64 text when given, else of the file master.key in dir, which is made on first use with
// mode 0600. A file that others can read is refused.
func Load(text, dir string) (*Keys, error) {
	if text != "" {
		return parse(text)
	}
	path := filepath.Join(dir, "master.key")
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("master key: %s can be read by others (mode %#o); run chmod 600 on it", path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return parse(string(raw))
}

func parse(text string) (*Keys, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("master key: want base64 of %d bytes", keySize) // never the text itself
	}
	return &Keys{key}, nil
}

// create writes a new key, on disk before it is used; when another process was first, its key stands.
func create(path string) error {
	var key [keySize]byte
	if _, err := rand.Read(key[:]); err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".master-*") // mode 0600
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Link(temp.Name(), path)
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("master key: %w", err)
	}
	return nil
}

// Key returns the 32-byte key of a purpose; the same purpose has the same key for as long as the master key lives.
func (k *Keys) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.master, nil, "huoshui/"+purpose, keySize)
	if err != nil {
		panic(err) // only for lengths that are not ours
	}
	return key
}

// Seal encrypts plain for a purpose with AES-256-GCM. The result is text, different every time.
func (k *Keys) Seal(purpose string, plain []byte) (string, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return "v1:" + base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, nil)), nil
}

// ErrOpen says that sealed text was damaged, or sealed for another purpose or under another master key.
var ErrOpen = errors.New("sealed value cannot be opened with this master key")

// Open decrypts what Seal returned for the same purpose, or returns ErrOpen.
func (k *Keys) Open(purpose, sealed string) ([]byte, error) {
	body, ok := strings.CutPrefix(sealed, "v1:")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if !ok || err != nil {
		return nil, ErrOpen
	}
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	if len(raw) < aead.NonceSize() {
		return nil, ErrOpen
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], nil)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

func (k *Keys) aead(purpose string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Key("seal/" + purpose))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return cipher.NewGCM(block)
}

// Sign returns the URL-safe HMAC-SHA256 of message for a purpose: 43 characters.
func (k *Keys) Sign(purpose string, message []byte) string {
	return base64.RawURLEncoding.EncodeToString(k.mac(purpose, message))
}

// Verify reports whether signature is Sign's of the message, in constant time.
func (k *Keys) Verify(purpose string, message []byte, signature string) bool {
	got, err := base64.RawURLEncoding.DecodeString(signature)
	return err == nil && hmac.Equal(got, k.mac(purpose, message))
}

func (k *Keys) mac(purpose string, message []byte) []byte {
	mac := hmac.New(sha256.New, k.Key("sign/"+purpose))
	mac.Write(message)
	return mac.Sum(nil)
}
