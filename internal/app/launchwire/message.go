package launchwire

import (
	"context"
	"fmt"
	"net/url"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/launch"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

// Messages lets launches begin campaigns.
type Messages struct {
	DB        *store.DB
	Campaigns *campaign.Service
	BaseURL   func() string
}

// Prefix implements launch.Doer.
func (Messages) Prefix() string { return campaign.NewIDPrefix }

// plan is the campaign of an order.
func (m Messages) plan(ctx context.Context, o launch.Order) (campaign.Plan, error) {
	say := o.Action.Message
	p := campaign.Plan{
		Audience: campaign.Target{Kind: "launch", ID: o.Step}, Exclude: []string{}, Strategy: say.Strategy, Content: say.Content,
		Offer: content.Offer{Benefit: say.Benefit, Coupon: say.Coupon, Link: say.Link}, Channels: say.Channels, HoldoutPct: say.HoldoutPct, Deadline: o.Until,
	}
	if p.Offer.Link == "" && len(o.Goods) > 0 {
		p.Offer.Link = m.BaseURL() + "/shop/p/" + url.PathEscape(o.Goods[0].ID)
	}
	if o.Step == "" {
		p.Audience.ID = "check"
	}
	if len(p.Channels) > 0 || p.Strategy != "" {
		return p, nil
	}
	set, _, err := channel.Load(ctx, m.DB)
	for _, c := range set.Enabled() {
		if c != channel.Task { // a crowd is no work for staff unless somebody says so
			p.Channels = append(p.Channels, c)
		}
	}
	return p, err
}

// Check implements launch.Doer.
func (m Messages) Check(ctx context.Context, o launch.Order) ([]launch.Fault, error) {
	plan, err := m.plan(ctx, o)
	if err != nil {
		return nil, err
	}
	_, err = m.Campaigns.Complete(ctx, plan)
	field := "message.content"
	if f, ok := launch.FaultOf(err); ok {
		switch f.Code {
		case "campaign.channel_off", "campaign.no_channel", "campaign.bad_channel":
			field = "message.channels"
		case "campaign.holdout":
			field = "message.holdout_pct"
		}
	}
	return faultAt(err, field)
}

// Do implements launch.Doer.
func (m Messages) Do(ctx context.Context, o launch.Order) error {
	plan, err := m.plan(ctx, o)
	if err != nil {
		return err
	}
	name := o.Name + " · " + stageName[o.Stage.Kind]
	if len(o.Action.Waves) > 1 {
		name += fmt.Sprintf(" · %d", o.Wave+1)
	}
	_, err = m.Campaigns.Begin(ctx, o.ID, name, plan, o.By)
	return err
}

// stageName is what a campaign calls the stage that began it.
var stageName = map[launch.StageKind]string{
	launch.BuildUp: "造势", launch.WarmUp: "预热", launch.Presale: "预售", launch.Sale: "发售", launch.FollowUp: "追售", launch.Loop: "循环",
}

// Pause implements launch.Pauser. A campaign that somebody else paused stays so.
func (m Messages) Pause(ctx context.Context, id string, paused bool) (bool, error) {
	c, err := m.Campaigns.Get(ctx, id)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch {
	case paused && (c.State == campaign.Sending || c.State == campaign.Freezing):
		return true, unlessMoved(m.Campaigns.Pause(ctx, id))
	case !paused && c.State == campaign.Paused:
		return true, unlessMoved(m.Campaigns.Resume(ctx, id))
	}
	return false, nil
}

// unlessMoved forgives that something went on meanwhile: it is looked at again.
func unlessMoved(err error) error {
	if errs.Is(err, errs.Conflict) {
		return nil
	}
	return err
}

// Undo implements launch.Doer.
func (m Messages) Undo(ctx context.Context, id string) error {
	c, err := m.Campaigns.Get(ctx, id)
	if err != nil || c.State == campaign.Done || c.State == campaign.Cancelled {
		return err
	}
	return unlessMoved(m.Campaigns.Cancel(ctx, id))
}

// Standing implements launch.Doer.
func (m Messages) Standing(ctx context.Context, id string) (launch.Standing, error) {
	p, err := m.Campaigns.Progress(ctx, id)
	out := launch.Standing{State: string(p.Campaign.State), Total: p.Campaign.Reach, Effect: p.Campaign.Holdout > 0}
	for _, n := range p.Counts {
		if n.Step == "sent" {
			out.Done += n.N
		}
	}
	return out, err
}

// Covered implements launch.Coverer.
func (m Messages) Covered(ctx context.Context, id string) (*roaring.Bitmap, error) {
	return m.Campaigns.Assigned(ctx, id)
}

// Reached implements launch.Coverer.
func (m Messages) Reached(ctx context.Context, id string) (*roaring.Bitmap, error) {
	return m.Campaigns.SentTo(ctx, id)
}
