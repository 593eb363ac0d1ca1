// Package webhook signs what is posted to other systems, checks what they post, and keeps requests out of this machine's
// own network.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
)

// Headers of what we post. The receiver checks the signature over the timestamp, a dot and the body, refuses what is older
// than some minutes, and keeps the key to take each request once, since one whose answer was lost is posted again.
const (
	TimestampHeader = "Huoshui-Timestamp" // seconds since 1970
	SignatureHeader = "Huoshui-Signature" // see Sign
	KeyHeader       = "Idempotency-Key"
)

// heard is how many bytes of an answer are kept, for a person to read.
const heard = 300

// Sign returns the value of Huoshui-Signature: "v1=" and the hex HMAC-SHA256, under the shared secret, of the timestamp
// (seconds since 1970), a dot and the body.
func Sign(secret []byte, timestamp int64, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%d.", timestamp)
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// StandardPrefix begins a secret of Standard Webhooks; base64 follows.
const StandardPrefix = "whsec_"

// SignedStandard reports whether one of the signatures of a header webhook-signature is that of a message, as Standard
// Webhooks has it: https://github.com/standard-webhooks/standard-webhooks. Times are not looked at.
func SignedStandard(secret, id, stamp string, body []byte, header string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, StandardPrefix))
	if err != nil || len(key) == 0 {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for one := range strings.FieldsSeq(header) {
		text, ok := strings.CutPrefix(one, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		if ok && err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}

// CheckURL refuses, as Invalid at the field url, what is no address to post to.
func CheckURL(text, code string) error {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || len(text) > 2000 {
		return errs.New(errs.Invalid, code, "must be an http(s) address without a user").At("url")
	}
	return nil
}

// NewClient returns a client with so many connections to a host that follows no redirects and, unless private addresses
// are allowed, connects to none of them, whatever name they go by.
func NewClient(connections int, allowPrivate bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !allowPrivate {
		dialer.Control = guard
	}
	return &http.Client{
		Timeout: 15 * time.Second,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
			IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Answer is what became of a request.
type Answer struct {
	Status int    // of HTTP; 0 when there was no answer
	Said   string // the beginning of the answer, or why there was none
	Final  bool   // the same request will not succeed later
}

// OK reports whether the receiver took it.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Post sends a JSON body, signed, under a key that is the same when it is sent again. now is the machine's time. 408, 425, 429
// and 5xx may succeed later, other refusals are final. begun, if given, is called when the request is about to leave.
func Post(ctx context.Context, client *http.Client, to string, secret []byte, key string, body []byte, now time.Time, begun func()) Answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return Answer{Said: clip(err.Error()), Final: true}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set(KeyHeader, key)
	req.Header.Set(TimestampHeader, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(SignatureHeader, Sign(secret, now.Unix(), body))
	req.Header.Set("User-Agent", "Huoshui")
	if begun != nil {
		begun()
	}
	res, err := client.Do(req)
	if err != nil {
		var address *url.Error // its text begins with the address, which may hold a secret
		if errors.As(err, &address) {
			err = address.Err
		}
		return Answer{Said: clip(err.Error()), Final: errors.Is(err, ErrPrivate)}
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, heard)) // only for a person to read
	code := res.StatusCode
	return Answer{Status: code, Said: clip(string(said)), Final: code >= 300 && code < 500 && code != 408 && code != 425 && code != 429}
}

// clip keeps the beginning of a text, whole characters of it.
func clip(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s[:min(len(s), heard)], ""), "\x00", "")
}
