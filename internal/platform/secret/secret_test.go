package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"huoshui/internal/platform/secret"
)

func TestKeyFileIsMadeOnceAndKeptPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var wg sync.WaitGroup
	keys := make([]*secret.Keys, 8)
	for i := range keys { // processes that start together must agree
		wg.Go(func() {
			var err error
			if keys[i], err = secret.Load("", dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	sealed, err := keys[0].Seal("smtp", []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if plain, err := k.Open("smtp", sealed); err != nil || string(plain) != "hunter2" {
			t.Fatalf("key %d opens %q, %v", i, plain, err)
		}
	}
	path := filepath.Join(dir, "master.key")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Load("", dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a key that others can read: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".master-*")); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestKeyFromText(t *testing.T) {
	text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	if _, err := secret.Load(text, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"hunter2", base64.StdEncoding.EncodeToString([]byte("short"))} {
		if _, err := secret.Load(bad, t.TempDir()); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("Load(%q): %v", bad, err)
		}
	}
}

func load(t testing.TB) *secret.Keys {
	k, err := secret.Load("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealed(t *testing.T) {
	k, other := load(t), load(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed, err := k.Seal("a", plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := k.Open("a", sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened %x, %v; want %x", got, err, plain)
		}
		if _, err := k.Open("b", sealed); !errors.Is(err, secret.ErrOpen) {
			t.Fatalf("opened for another purpose: %v", err)
		}
		if _, err := other.Open("a", sealed); !errors.Is(err, secret.ErrOpen) {
			t.Fatalf("opened with another key: %v", err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(sealed, "v1:"))
		if err != nil {
			t.Fatal(err)
		}
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= 1
		if _, err := k.Open("a", "v1:"+base64.RawURLEncoding.EncodeToString(raw)); !errors.Is(err, secret.ErrOpen) {
			t.Fatalf("opened damaged: %v", err)
		}
	})
	for _, s := range []string{"", "v1:", "v1:AAAA", "plain", "v2:AAAA"} {
		if _, err := k.Open("a", s); !errors.Is(err, secret.ErrOpen) {
			t.Errorf("Open(%q): %v", s, err)
		}
	}
}

func TestSignature(t *testing.T) {
	k, other := load(t), load(t)
	sig := k.Sign("link", []byte("msg_1"))
	if !k.Verify("link", []byte("msg_1"), sig) {
		t.Fatal("own signature refused")
	}
	for name, ok := range map[string]bool{
		"another message": k.Verify("link", []byte("msg_2"), sig),
		"another purpose": k.Verify("hook", []byte("msg_1"), sig),
		"another key":     other.Verify("link", []byte("msg_1"), sig),
		"nothing":         k.Verify("link", []byte("msg_1"), ""),
		"cut":             k.Verify("link", []byte("msg_1"), sig[:20]),
		"not base64":      k.Verify("link", []byte("msg_1"), "***"),
	} {
		if ok {
			t.Errorf("%s was believed", name)
		}
	}
}
