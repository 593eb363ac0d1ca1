package channel

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"huoshui/internal/platform/errs"
)

// WebhookSettings is where messages are posted to. Secret is sealed and never shown.
type WebhookSettings struct {
	Enabled      bool    `json:"enabled"`
	URL          string  `json:"url"`
	Secret       string  `json:"secret,omitempty" doc:"Sealed signing secret; write a new one as plain text, an empty one keeps the old"`
	AllowPrivate bool    `json:"allow_private" doc:"Allow addresses inside this machine's network"`
	Connections  int     `json:"connections" minimum:"1" maximum:"64"`
	PerSecond    float64 `json:"per_second" minimum:"0"`
	CostFen      int64   `json:"cost_fen" minimum:"0"`
}

// Check refuses settings that cannot send.
func (s WebhookSettings) Check() error {
	if !s.Enabled {
		return nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return errs.New(errs.Invalid, "channel.invalid", "must be an http(s) address without a user").At("url")
	}
	if s.Connections < 1 || s.Connections > 64 {
		return errs.New(errs.Invalid, "channel.invalid", "must be 1 to 64").At("connections")
	}
	return nil
}

// WebhookChannel posts each message as JSON. The receiver checks Huoshui-Signature: "v1=" and the hex HMAC-SHA256,
// under the shared secret, of the Huoshui-Timestamp, a dot and the body; and it keeps Idempotency-Key to take each
// message once, since a message whose answer was lost is posted again.
type WebhookChannel struct {
	settings WebhookSettings
	secret   []byte
	client   *http.Client
}

// NewWebhook returns the channel for settings that have passed Check; secret is the opened one.
func NewWebhook(s WebhookSettings, secret string) *WebhookChannel {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !s.AllowPrivate {
		dialer.Control = guard
	}
	transport := &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: s.Connections, MaxConnsPerHost: s.Connections,
		IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
	}
	return &WebhookChannel{settings: s, secret: []byte(secret), client: &http.Client{
		Transport: transport, Timeout: 15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Limits is from the settings.
func (w *WebhookChannel) Limits() (int, float64) { return w.settings.Connections, w.settings.PerSecond }

// CostFen is from the settings.
func (w *WebhookChannel) CostFen() int64 { return w.settings.CostFen }

// Dial returns the channel itself: HTTP keeps its own connections.
func (w *WebhookChannel) Dial(context.Context) (Conn, error) { return w, nil }

// Alive is always true: the next request dials anew.
func (w *WebhookChannel) Alive() bool { return true }

// Close lets idle connections go.
func (w *WebhookChannel) Close() error {
	w.client.CloseIdleConnections()
	return nil
}

// payload is what the receiver gets.
type payload struct {
	ID          string    `json:"id"`
	Campaign    string    `json:"campaign,omitempty"`
	Strategy    string    `json:"strategy,omitempty"`
	Customer    string    `json:"customer"`
	Name        string    `json:"name,omitempty"`
	Title       string    `json:"title"`
	Text        string    `json:"text"`
	URL         string    `json:"url,omitempty"`
	At          time.Time `json:"at"`
	Unsubscribe string    `json:"unsubscribe,omitempty"`
}

// Sign returns the value of Huoshui-Signature for a timestamp (seconds since 1970) and a body.
func Sign(secret []byte, timestamp int64, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%d.", timestamp)
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Send posts one message; any 2xx is taken, 408, 425, 429 and 5xx are tried again, the rest is for good.
func (w *WebhookChannel) Send(ctx context.Context, m Message, begun func()) error {
	body, err := json.Marshal(payload{ID: m.ID, Campaign: m.Campaign, Strategy: m.Strategy, Customer: m.CustomerID, Name: m.Name,
		Title: m.Body.Title, Text: m.Body.Text, URL: m.Body.URL, At: m.At.UTC(), Unsubscribe: m.Links.Unsubscribe})
	if err != nil {
		return &Failure{Reason: "settings", Permanent: true, Detail: clip(err.Error())}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.settings.URL, bytes.NewReader(body))
	if err != nil {
		return &Failure{Reason: "settings", Permanent: true, Detail: clip(err.Error())}
	}
	now := time.Now().Unix()
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Idempotency-Key", m.ID)
	req.Header.Set("Huoshui-Timestamp", strconv.FormatInt(now, 10))
	req.Header.Set("Huoshui-Signature", Sign(w.secret, now, body))
	req.Header.Set("User-Agent", "Huoshui")
	begun()
	res, err := w.client.Do(req)
	if err != nil {
		return &Failure{Reason: "connection", Permanent: errors.Is(err, errPrivate), Detail: clip(err.Error())}
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, 300)) // only for the log of a refusal
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	default:
		again := code >= 500 || code == 408 || code == 425 || code == 429
		return &Failure{Reason: "http_" + strconv.Itoa(code), Permanent: !again, Detail: clip(string(said))}
	}
}
