package channel_test

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/channel/sink"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/webhook"
)

func message() channel.Message {
	return channel.Message{
		ID: "msg_1-0000007-0", Campaign: "cmp_1", CustomerID: "cus_7", Name: "小满", To: "seven@mail.example",
		Body:  channel.Body{Title: "您的猫粮\r\nBcc: everyone@mail.example", Text: ".\r\n..纯文本\n.", HTML: "<p>你好</p>\r\n.\r\n"},
		Links: channel.Links{Unsubscribe: "https://brand.example/t/u/x"},
		At:    time.Date(2025, 3, 1, 4, 0, 0, 0, time.UTC),
	}
}

func email(t *testing.T, s *sink.Server) channel.Conn {
	t.Helper()
	set := channel.EmailSettings{Enabled: true, Host: "127.0.0.1", Port: s.Port(), TLS: "none", From: "shop@brand.example", FromName: "活水", Connections: 1}
	if err := set.Check(); err != nil {
		t.Fatal(err)
	}
	c, err := channel.NewEmail(set, "").Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func listen(t *testing.T) *sink.Server {
	t.Helper()
	s, err := sink.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// What arrives is one message with our headers and parts, whatever dots and line ends its texts hold; with and without
// pipelining; and a connection carries on after a refusal.
func TestEmail(t *testing.T) {
	for name, plain := range map[string]bool{"pipelined": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			s := listen(t)
			s.Plain = plain
			var mu sync.Mutex
			var got []string
			s.Refuse = func(to string) string {
				switch {
				case strings.HasPrefix(to, "nobody"):
					return "550 5.1.1 no such user"
				case strings.HasPrefix(to, "later"):
					return "451 try later"
				}
				return ""
			}
			s.Keep = func(id, to string, data []byte) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, id+" "+to+"\n"+string(data))
			}
			c := email(t, s)
			begun := 0
			for _, to := range []string{"seven@mail.example", "nobody@mail.example", "later@mail.example", "bad address", "seven@mail.example"} {
				m := message()
				m.To = to
				err := c.Send(t.Context(), m, func() { begun++ })
				var f *channel.Failure
				switch {
				case strings.HasPrefix(to, "seven"):
					if err != nil {
						t.Fatal(err)
					}
				case !errors.As(err, &f):
					t.Fatal(to, err)
				case strings.HasPrefix(to, "later"):
					if f.Permanent || f.Bounced || f.Reason != "smtp_451" {
						t.Errorf("%+v", f)
					}
				default:
					if !f.Permanent || !f.Bounced {
						t.Errorf("%s: %+v", to, f)
					}
				}
			}
			if begun != 2 || len(got) != 2 || !c.Alive() {
				t.Fatalf("begun %d, arrived %d, alive %v", begun, len(got), c.Alive())
			}
			head, raw, _ := strings.Cut(got[0], "\n")
			if head != "msg_1-0000007-0@brand.example seven@mail.example" {
				t.Error(head)
			}
			msg, err := mail.ReadMessage(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
			if err != nil || subject != "您的猫粮 Bcc: everyone@mail.example" || msg.Header.Get("Bcc") != "" {
				t.Errorf("subject %q, %v", subject, err)
			}
			if msg.Header.Get("List-Unsubscribe") != "<https://brand.example/t/u/x>" || msg.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
				t.Error("no one-click unsubscribing:", msg.Header)
			}
			_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
			if err != nil {
				t.Fatal(err)
			}
			parts := multipart.NewReader(msg.Body, params["boundary"])
			for _, want := range []string{message().Body.Text, message().Body.HTML} {
				p, err := parts.NextPart()
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
				if err != nil || string(text) != want {
					t.Errorf("part %q, %v; want %q", text, err, want)
				}
			}
		})
	}
}

func TestEmailServerGone(t *testing.T) {
	s := listen(t)
	c := email(t, s)
	if err := c.Send(t.Context(), message(), func() {}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err := c.Send(t.Context(), message(), func() {})
	var f *channel.Failure
	if !errors.As(err, &f) || f.Permanent || f.Reason != "connection" || c.Alive() {
		t.Errorf("%v, alive %v", err, c.Alive())
	}
}

func TestWebhook(t *testing.T) {
	var signature, want, key string
	code := http.StatusNoContent
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var at int64
		for _, c := range r.Header.Get("Huoshui-Timestamp") {
			at = at*10 + int64(c-'0')
		}
		signature, want, key = r.Header.Get("Huoshui-Signature"), webhook.Sign([]byte("s3cret"), at, body), r.Header.Get("Idempotency-Key")
		if code == http.StatusFound {
			w.Header().Set("Location", "http://127.0.0.1:1/")
		}
		w.WriteHeader(code)
	}))
	defer hook.Close()
	set := channel.WebhookSettings{Enabled: true, URL: hook.URL, Connections: 2}
	open := func(set channel.WebhookSettings) channel.Conn {
		c, err := channel.NewWebhook(set, "s3cret").Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	// By default nothing inside this machine's network is posted to.
	var f *channel.Failure
	if err := open(set).Send(t.Context(), message(), func() {}); !errors.As(err, &f) || !f.Permanent || signature != "" {
		t.Fatalf("guard: %v, posted %q", err, signature)
	}
	set.AllowPrivate = true
	if err := open(set).Send(t.Context(), message(), func() {}); err != nil {
		t.Fatal(err)
	}
	if signature != want || key != message().ID {
		t.Errorf("signature %q, want %q; key %q", signature, want, key)
	}
	for c, permanent := range map[int]bool{http.StatusFound: true, http.StatusBadRequest: true, http.StatusTooManyRequests: false, http.StatusBadGateway: false} {
		code = c
		if err := open(set).Send(t.Context(), message(), func() {}); !errors.As(err, &f) || f.Permanent != permanent {
			t.Errorf("%d: %v", c, err)
		}
	}
}

// A token says what it was made for and nothing else, and no changed token is taken.
func TestTokens(t *testing.T) {
	s := channel.NewSigner([]byte("key"), func() string { return "https://brand.example/" })
	other := channel.NewSigner([]byte("other key"), func() string { return "https://brand.example" })
	rapid.Check(t, func(r *rapid.T) {
		message := "msg_" + rapid.StringMatching(`[0-9a-z]{26}-[0-9a-z]{7}-[0-3]`).Draw(r, "message")
		url := "https://" + rapid.StringMatching(`[a-z]{1,10}\.example/[ -~]{0,40}`).Draw(r, "url")
		link := s.Click(message, url)
		token := link[strings.LastIndex(link, "/t/c/")+len("/t/c/"):]
		if m, u, err := s.Read(channel.KindClick, token); err != nil || m != message || u != url {
			r.Fatal(m, u, err)
		}
		for _, kind := range []channel.Kind{channel.KindOpen, channel.KindUnsubscribe} {
			if _, _, err := s.Read(kind, token); err == nil {
				r.Fatal("a click's token was taken for another use")
			}
		}
		if _, _, err := other.Read(channel.KindClick, token); err == nil {
			r.Fatal("a token of another key was taken")
		}
		i := rapid.IntRange(0, len(token)-1).Draw(r, "at")
		c := rapid.SampledFrom([]byte("ABCDEFabcdef0189-_")).Draw(r, "char")
		if c != token[i] {
			if _, _, err := s.Read(channel.KindClick, token[:i]+string(c)+token[i+1:]); err == nil {
				r.Fatal("a changed token was taken")
			}
		}
	})
	for _, url := range []string{"javascript:alert(1)", "mailto:a@b.example", "//evil.example"} {
		if got := s.Click("msg_1", url); got != url {
			t.Errorf("%q was made a redirect", url)
		}
	}
}

func TestSecretsAreSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		keys, err := secret.Load("", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		set := channel.Default()
		set.Email.Enabled, set.Email.Host, set.Email.From, set.Email.Secret = true, "mail.example", "a@brand.example", "p4ss"
		save := func(s channel.Settings) {
			t.Helper()
			if err := db.Tx(ctx, func(tx *store.Tx) error {
				_, err := channel.Save(ctx, tx, s, keys, "staff", time.Now())
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		save(set)
		got, _, err := channel.Load(ctx, db)
		if err != nil || strings.Contains(got.Email.Secret, "p4ss") || got.Email.Secret == "" {
			t.Fatalf("%q, %v", got.Email.Secret, err)
		}
		save(got.Masked()) // what a screen sends back
		again, version, err := channel.Load(ctx, db)
		if err != nil || again.Email.Secret != got.Email.Secret || version != 2 {
			t.Errorf("the secret was lost: %q %d %v", again.Email.Secret, version, err)
		}
		if _, err := again.OpenEmail(keys); err != nil {
			t.Error(err)
		}
		bad := set
		bad.Email.From = "not an address"
		if bad.Check() == nil {
			t.Error("took a sender that is no address")
		}
	})
}

func TestJournal(t *testing.T) {
	dir := t.TempDir()
	j, err := channel.OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Begun("early"); err == nil {
		t.Error("wrote before it was begun")
	}
	if err := j.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{j.Begun("a"), j.Taken("a"), j.Begun("b")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	again, err := channel.OpenJournal(dir) // the first is never closed: it was killed
	if err != nil || again.Worker() != j.Worker() {
		t.Fatal(again.Worker(), j.Worker(), err)
	}
	begun, taken, err := again.Restore()
	if err != nil || !begun["b"] || begun["a"] || !taken["a"] || len(begun) != 1 || len(taken) != 1 {
		t.Errorf("begun %v, taken %v, %v", begun, taken, err)
	}
	if err := again.Begin(); err != nil {
		t.Fatal(err)
	}
	if begun, taken, err = again.Restore(); err != nil || len(begun)+len(taken) != 0 {
		t.Errorf("after a new beginning: %v %v %v", begun, taken, err)
	}
}
