package app

import (
	"context"
	"time"

	"huoshui/internal/data/effect"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/strategy"
	"huoshui/internal/org/task"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/consent"
)

// buildMarketing makes what is said (content, strategies), how it is sent (campaigns, tasks) and what it earned.
func (a *App) buildMarketing(ctx context.Context) error {
	s, now := &a.Services, a.Clock.Now
	people := known{a}
	s.Consents = consent.NewService(a.DB, now)
	s.Contents = content.NewService(a.DB, people, now)
	s.Strategies = strategy.NewService(a.DB, s.Contents, now)
	if _, err := s.Contents.Seed(ctx); err != nil {
		return err
	}
	if _, err := s.Strategies.Seed(ctx); err != nil {
		return err
	}
	s.Tasks = task.NewService(a.DB, people, people, &reports{a}, now)
	var err error
	s.Campaigns, err = campaign.NewService(campaign.Parts{
		DB: a.DB, Now: now, Log: a.Log,
		Audience: audiences{a}, People: people, Consents: s.Consents, Contents: s.Contents,
		Strategies: playbooks{s.Strategies}, Tasks: orders{s.Tasks}, Buyers: people,
		Sealer: a.Keys, Signer: channel.NewSigner(a.Keys.Key("tracking links"), a.BaseURL),
		Dir: a.Config.Path("sending"),
	})
	if err != nil {
		return err
	}
	s.Effect = effect.NewService(a.DB, a.Warehouse, plans{s.Campaigns, s.Strategies}, people, now)
	return nil
}

// reports passes what became of a task on to the campaign that asked for it; campaigns and tasks know each other only
// through here.
type reports struct{ app *App }

// TaskClosed implements task.Messages.
func (r *reports) TaskClosed(ctx context.Context, tx *store.Tx, message string, done bool, reason string, at time.Time) error {
	return r.app.Services.Campaigns.TaskClosed(ctx, tx, message, done, reason, at)
}

// orders gives campaigns the task list.
type orders struct{ tasks *task.Service }

// Order implements campaign.Tasks.
func (o orders) Order(ctx context.Context, tx *store.Tx, asked []campaign.Order) error {
	out := make([]task.Order, len(asked))
	for i, one := range asked {
		out[i] = task.Order(one)
	}
	return o.tasks.Order(ctx, tx, out)
}

// playbooks gives campaigns the strategy library.
type playbooks struct{ strategies *strategy.Service }

// ForCampaign implements campaign.Strategies. An archived strategy is followed by no new campaign.
func (p playbooks) ForCampaign(ctx context.Context, strategyID string) (campaign.Strategy, error) {
	s, err := p.strategies.Get(ctx, strategyID)
	if err != nil {
		return campaign.Strategy{}, err
	}
	if !s.ArchivedAt.IsZero() {
		return campaign.Strategy{}, errs.New(errs.Conflict, "strategy.archived", "the strategy is archived").At("strategy")
	}
	return campaign.Strategy{
		ID: s.ID, Name: s.Name.In("zh"), Content: s.ContentID, Offer: s.Offer("zh"),
		Channels: s.Channels, Holdout: s.Guardrails.HoldoutPct, Team: s.OwnerTeam,
		Guard: campaign.Guardrails{
			RestDays: s.Guardrails.RestDays, SkipBoughtDays: s.Guardrails.SkipBoughtDays,
			StopUnsubPct: s.Guardrails.StopUnsubPct, CostCapFen: s.Guardrails.CostCapFen,
		},
	}, nil
}

// plans gives the strategy board the campaigns and strategies behind the facts.
type plans struct {
	campaigns  *campaign.Service
	strategies *strategy.Service
}

// Campaigns implements effect.Plans.
func (p plans) Campaigns(ctx context.Context) ([]effect.Plan, error) {
	var out []effect.Plan
	for after := ""; ; {
		page, next, err := p.campaigns.List(ctx, campaign.Filter{After: after, Limit: 500})
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			out = append(out, effect.Plan{ID: c.ID, Name: c.Name, Strategy: c.Plan.Strategy, State: string(c.State), HoldoutPct: c.Plan.HoldoutPct})
		}
		if next == "" {
			return out, nil
		}
		after = next
	}
}

// Strategies implements effect.Plans; archived ones count too, since their campaigns earned something.
func (p plans) Strategies(ctx context.Context) ([]effect.Playbook, error) {
	var out []effect.Playbook
	for _, archived := range []bool{false, true} {
		for after := ""; ; {
			page, err := p.strategies.List(ctx, strategy.Filter{Archived: archived, After: after, Limit: 200})
			if err != nil {
				return nil, err
			}
			for _, s := range page.Items {
				out = append(out, effect.Playbook{ID: s.ID, NameZH: s.Name.ZH, NameEN: s.Name.EN, Layer: s.Layer, WindowDays: s.Timing.WindowDays})
			}
			if page.Next == "" {
				break
			}
			after = page.Next
		}
	}
	return out, nil
}
