package channel

import (
	"context"
	"time"

	"huoshui/internal/platform/store"
)

// Handset is one message on the simulated handset.
type Handset struct {
	ID        string    `db:"id" json:"id"`
	Customer  uint32    `db:"customer" json:"-"`
	Campaign  string    `db:"campaign_id" json:"campaign"`
	Title     string    `db:"title" json:"title"`
	Body      string    `db:"body" json:"body"`
	Image     string    `db:"image" json:"image"`
	URL       string    `db:"url" json:"url"`
	Action    string    `db:"action" json:"action"`
	ArrivedAt time.Time `db:"arrived_at" json:"arrived_at"`
	OpenedAt  time.Time `db:"opened_at" json:"opened_at,omitzero"`
	ClickedAt time.Time `db:"clicked_at" json:"clicked_at,omitzero"`
}

// PhoneSettings is what a message to the handset costs, and whether it is used.
type PhoneSettings struct {
	Enabled bool  `json:"enabled"`
	CostFen int64 `json:"cost_fen" minimum:"0"`
}

// PhoneChannel delivers to the simulated handset.
type PhoneChannel struct{ settings PhoneSettings }

// NewPhone returns the channel.
func NewPhone(s PhoneSettings) *PhoneChannel { return &PhoneChannel{s} }

// CostFen is from the settings.
func (p *PhoneChannel) CostFen() int64 { return p.settings.CostFen }

// Deliver puts the messages into the handsets' inboxes; a message that is there already stays as it is.
func (p *PhoneChannel) Deliver(ctx context.Context, tx *store.Tx, messages []Message) error {
	rows := make([]Handset, len(messages))
	for i, m := range messages {
		rows[i] = Handset{ID: m.ID, Customer: m.Customer, Campaign: m.Campaign, Title: m.Body.Title, Body: m.Body.Text,
			Image: m.Body.Image, URL: m.Body.URL, Action: m.Body.Action, ArrivedAt: m.At}
	}
	_, err := store.InsertAll(ctx, tx, "phone_messages", rows, "ON CONFLICT (id) DO NOTHING")
	return err
}

// Inbox returns a person's messages on the handset, newest first.
func Inbox(ctx context.Context, q store.Querier, customer uint32, limit int) ([]Handset, error) {
	return store.All[Handset](ctx, q, `SELECT * FROM phone_messages WHERE customer = ? ORDER BY arrived_at DESC, id DESC LIMIT ?`, customer, limit)
}
