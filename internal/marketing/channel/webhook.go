package channel

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/webhook"
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
	if err := webhook.CheckURL(s.URL, "channel.invalid"); err != nil {
		return err
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
	return &WebhookChannel{settings: s, secret: []byte(secret), client: webhook.NewClient(s.Connections, s.AllowPrivate)}
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

// Send posts one message; any 2xx is taken, 408, 425, 429 and 5xx are tried again, the rest is for good.
func (w *WebhookChannel) Send(ctx context.Context, m Message, begun func()) error {
	body, err := json.Marshal(payload{ID: m.ID, Campaign: m.Campaign, Strategy: m.Strategy, Customer: m.CustomerID, Name: m.Name,
		Title: m.Body.Title, Text: m.Body.Text, URL: m.Body.URL, At: m.At.UTC(), Unsubscribe: m.Links.Unsubscribe})
	if err != nil {
		return &Failure{Reason: "settings", Permanent: true, Detail: clip(err.Error())}
	}
	answer := webhook.Post(ctx, w.client, w.settings.URL, w.secret, m.ID, body, time.Now(), begun)
	switch {
	case answer.OK():
		return nil
	case answer.Status == 0:
		return &Failure{Reason: "connection", Permanent: answer.Final, Detail: clip(answer.Said)}
	default:
		return &Failure{Reason: "http_" + strconv.Itoa(answer.Status), Permanent: answer.Final, Detail: clip(answer.Said)}
	}
}
