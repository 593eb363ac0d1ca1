package campaign

import (
	"context"
	"time"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// find returns a message and its campaign.
func find(ctx context.Context, q store.Querier, message string) (Message, *active, error) {
	m, err := store.One[Message](ctx, q, `SELECT * FROM messages WHERE id = ?`, message)
	if errs.Is(err, errs.NotFound) {
		return m, nil, errs.New(errs.NotFound, "message.not_found", "there is no such message")
	}
	if err != nil {
		return m, nil, err
	}
	c, err := byID(ctx, q, m.Campaign)
	return m, &active{Campaign: c}, err
}

// Opened records that a person has opened a message, the first time it happens.
func (s *Service) Opened(ctx context.Context, message string) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		m, a, err := find(ctx, tx, message)
		if err != nil {
			return err
		}
		return s.opened(ctx, tx, a, m, s.Now())
	})
}

func (s *Service) opened(ctx context.Context, tx *store.Tx, a *active, m Message, at time.Time) error {
	n, err := tx.Exec(ctx, `UPDATE messages SET opened_at = ? WHERE id = ? AND opened_at IS NULL`, at, m.ID)
	if err != nil || n == 0 {
		return err
	}
	if m.Channel == channel.Phone {
		if _, err := tx.Exec(ctx, `UPDATE phone_messages SET opened_at = ? WHERE id = ?`, at, m.ID); err != nil {
			return err
		}
	}
	if err := bump(ctx, tx, map[countKey]int64{{a.ID, m.Channel, stepOpened, ""}: 1}); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, s.fact(a, m, event.MessageOpened, at))
}

// Clicked records that a person has followed an address in a message; a message that was clicked was opened, also where
// pictures are off. The counter counts messages; each address is a fact of its own, once a day.
func (s *Service) Clicked(ctx context.Context, message, url string) error {
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		m, a, err := find(ctx, tx, message)
		if err != nil {
			return err
		}
		now := s.Now()
		if err := s.opened(ctx, tx, a, m, now); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE messages SET clicked_at = ? WHERE id = ? AND clicked_at IS NULL`, now, m.ID)
		if err != nil {
			return err
		}
		if n == 1 {
			if m.Channel == channel.Phone {
				if _, err := tx.Exec(ctx, `UPDATE phone_messages SET clicked_at = ? WHERE id = ?`, now, m.ID); err != nil {
					return err
				}
			}
			if err := bump(ctx, tx, map[countKey]int64{{a.ID, m.Channel, stepClicked, ""}: 1}); err != nil {
				return err
			}
		}
		f := s.fact(a, m, event.MessageClicked, now)
		f.ID = id.From("fct", m.ID, "clicked", url, now.Format(time.DateOnly))
		f.Props = mustJSON(map[string]any{"url": url})
		// The link is public: following it again and again must not fill the stream with one and the same fact.
		if seen, err := tx.Exec(ctx, `INSERT INTO message_acts (id) VALUES (?) ON CONFLICT (id) DO NOTHING`, f.ID); err != nil || seen == 0 {
			return err
		}
		return outbox.Append(ctx, tx, f)
	})
}

// Unsubscribed records that a person wants no more messages through the channel of this one. source says where it was
// said: link or phone.
func (s *Service) Unsubscribed(ctx context.Context, message, source string) error {
	var from string
	err := s.DB.Tx(ctx, func(tx *store.Tx) error {
		m, a, err := find(ctx, tx, message)
		if err != nil {
			return err
		}
		from = a.ID
		if err := s.Consents.SayTx(ctx, tx, m.Customer, m.Channel, "withdrawn", source); err != nil {
			return err
		}
		f := s.fact(a, m, event.MessageUnsubscribed, s.Now())
		seen, err := tx.Exec(ctx, `INSERT INTO message_acts (id) VALUES (?) ON CONFLICT (id) DO NOTHING`, f.ID)
		if err != nil || seen == 0 {
			return err
		}
		if err := bump(ctx, tx, map[countKey]int64{{a.ID, m.Channel, stepUnsubscribed, ""}: 1}); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, f)
	})
	if err != nil {
		return err
	}
	return s.watchUnsubscribes(ctx, from)
}

// Inbox returns a customer's messages on the simulated handset, newest first.
func (s *Service) Inbox(ctx context.Context, customer uint32, limit int) ([]channel.Handset, error) {
	return channel.Inbox(ctx, s.DB, customer, limit)
}

// PhoneMessage returns the address behind a handset message's button.
func (s *Service) PhoneMessage(ctx context.Context, message string) (channel.Handset, error) {
	h, err := store.One[channel.Handset](ctx, s.DB, `SELECT * FROM phone_messages WHERE id = ?`, message)
	if errs.Is(err, errs.NotFound) {
		return h, errs.New(errs.NotFound, "message.not_found", "there is no such message")
	}
	return h, err
}

// SentBetween returns the messages that were sent after one instant and not after another, in the order of time and id.
func (s *Service) SentBetween(ctx context.Context, after, until time.Time) ([]Message, error) {
	return store.All[Message](ctx, s.DB, `SELECT * FROM messages WHERE state = 'sent' AND sent_at > ? AND sent_at <= ? ORDER BY sent_at, id`, after, until)
}
