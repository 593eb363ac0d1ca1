package channel

import (
	"context"
	"fmt"
	"time"

	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// SettingName is where the channels' settings are kept.
const SettingName = "channel.settings"

// secretPurpose is what the channels' secrets are sealed for.
const secretPurpose = "channel"

// Settings is how every channel is set up. Secrets in it are sealed.
type Settings struct {
	Email   EmailSettings   `json:"email"`
	Webhook WebhookSettings `json:"webhook"`
	Phone   PhoneSettings   `json:"phone"`
	Task    TaskSettings    `json:"task"`
}

// TaskSettings is what a staff task costs, and whether tasks are used.
type TaskSettings struct {
	Enabled bool  `json:"enabled"`
	CostFen int64 `json:"cost_fen" minimum:"0"`
}

// Default is a new installation: the handset and the task list work at once, e-mail and webhook wait for an address.
func Default() Settings {
	return Settings{
		Email:   EmailSettings{Port: 587, TLS: "starttls", Connections: 4, CostFen: 1},
		Webhook: WebhookSettings{Connections: 4},
		Phone:   PhoneSettings{Enabled: true, CostFen: 4},
		Task:    TaskSettings{Enabled: true, CostFen: 200},
	}
}

// Check refuses settings that cannot send; its error names the field.
func (s Settings) Check() error {
	if err := s.Email.Check(); err != nil {
		return err
	}
	return s.Webhook.Check()
}

// Enabled lists the channels in use.
func (s Settings) Enabled() []string {
	out := []string{}
	for _, c := range []struct {
		name string
		on   bool
	}{{Email, s.Email.Enabled}, {Phone, s.Phone.Enabled}, {Task, s.Task.Enabled}, {Webhook, s.Webhook.Enabled}} {
		if c.on {
			out = append(out, c.name)
		}
	}
	return out
}

// CostFen is what one message through the channel costs.
func (s Settings) CostFen(channel string) int64 {
	switch channel {
	case Email:
		return s.Email.CostFen
	case Webhook:
		return s.Webhook.CostFen
	case Phone:
		return s.Phone.CostFen
	case Task:
		return s.Task.CostFen
	}
	return 0
}

// Masked is the settings as a screen may have them: a secret that is set reads "••••••••".
func (s Settings) Masked() Settings {
	for _, secret := range []*string{&s.Email.Secret, &s.Webhook.Secret} {
		if *secret != "" {
			*secret = mask
		}
	}
	return s
}

const mask = "••••••••"

// Sealer keeps secrets; *secret.Keys is one.
type Sealer interface {
	Seal(purpose string, plain []byte) (string, error)
	Open(purpose, sealed string) ([]byte, error)
}

// Load returns the settings in force and their version.
func Load(ctx context.Context, q store.Querier) (Settings, int64, error) {
	return settings.Get(ctx, q, SettingName, Default())
}

// Save checks and stores new settings. A secret given as text is sealed; an empty or masked one keeps the old.
func Save(ctx context.Context, tx *store.Tx, next Settings, sealer Sealer, by string, at time.Time) (int64, error) {
	if err := next.Check(); err != nil {
		return 0, err
	}
	old, _, err := Load(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, s := range []struct{ next, old *string }{{&next.Email.Secret, &old.Email.Secret}, {&next.Webhook.Secret, &old.Webhook.Secret}} {
		switch *s.next {
		case "", mask, *s.old:
			*s.next = *s.old
		default:
			sealed, err := sealer.Seal(secretPurpose, []byte(*s.next))
			if err != nil {
				return 0, err
			}
			*s.next = sealed
		}
	}
	return settings.Put(ctx, tx, SettingName, next, by, at)
}

// OpenEmail returns the e-mail channel of the settings.
func (s Settings) OpenEmail(sealer Sealer) (*EmailChannel, error) {
	password, err := open(sealer, s.Email.Secret)
	if err != nil {
		return nil, err
	}
	return NewEmail(s.Email, password), nil
}

// OpenWebhook returns the webhook channel of the settings.
func (s Settings) OpenWebhook(sealer Sealer) (*WebhookChannel, error) {
	secret, err := open(sealer, s.Webhook.Secret)
	if err != nil {
		return nil, err
	}
	return NewWebhook(s.Webhook, secret), nil
}

func open(sealer Sealer, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	plain, err := sealer.Open(secretPurpose, sealed)
	if err != nil {
		return "", fmt.Errorf("channel secret: %w", err)
	}
	return string(plain), nil
}
