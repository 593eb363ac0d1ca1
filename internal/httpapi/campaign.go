package httpapi

import (
	"context"
	"net/http"
	"time"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
)

// campaignRow is a campaign in a list, with its counters.
type campaignRow struct {
	Campaign campaign.Campaign `json:"campaign"`
	Counts   []campaign.Count  `json:"counts"`
}

// campaignDraft is what an operator writes.
type campaignDraft struct {
	Name string        `json:"name" minLength:"1" maxLength:"120"`
	Plan campaign.Plan `json:"plan"`
}

// campaignLaunch says when a campaign begins.
type campaignLaunch struct {
	At time.Time `json:"at,omitzero" doc:"When to begin; left out: now"`
}

// campaignQuestion asks what a plan would do.
type campaignQuestion struct {
	Plan     campaign.Plan `json:"plan"`
	Campaign string        `json:"campaign,omitempty" maxLength:"64" doc:"Id of the draft, which the draw sticks to when there is no strategy"`
	At       time.Time     `json:"at,omitzero"`
}

// campaignTrial sends a plan to oneself.
type campaignTrial struct {
	Plan    campaign.Plan `json:"plan"`
	Channel string        `json:"channel" enum:"email,webhook"`
	To      string        `json:"to,omitempty" maxLength:"254" doc:"E-mail address"`
}

// registerCampaign: campaigns from draft to done, their forecast and their log.
func registerCampaign(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type search struct {
		Paging
		State    string `query:"state" enum:"draft,scheduled,freezing,sending,paused,done,cancelled"`
		Strategy string `query:"strategy" maxLength:"64"`
		Q        string `query:"q" maxLength:"100" doc:"Part of the name"`
	}
	get(a, "/api/v1/campaigns", "list_campaigns", staff.CampaignsRead, func(ctx context.Context, in *search) (Page[campaignRow], error) {
		filter := campaign.Filter{State: campaign.State(in.State), Strategy: in.Strategy, Q: in.Q, After: in.After, Limit: in.Limit}
		found, next, err := a.Services.Campaigns.List(ctx, filter)
		if err != nil {
			return Page[campaignRow]{}, err
		}
		ids := make([]string, len(found))
		for i, c := range found {
			ids[i] = c.ID
		}
		counts, err := a.Services.Campaigns.Summaries(ctx, ids)
		rows := make([]campaignRow, len(found))
		for i, c := range found {
			rows[i] = campaignRow{c, counts[c.ID]}
			if rows[i].Counts == nil {
				rows[i].Counts = []campaign.Count{}
			}
		}
		if err != nil {
			return Page[campaignRow]{}, err
		}
		total, err := a.Services.Campaigns.Count(ctx, filter)
		return PageOf(rows, next, total), err
	}, summary("Campaigns, newest first"))

	type write struct{ Body campaignDraft }
	post(a, "/api/v1/campaigns", "create_campaign", staff.CampaignsWrite, func(ctx context.Context, in *write) (campaign.Campaign, error) {
		return a.Services.Campaigns.Create(ctx, in.Body.Name, in.Body.Plan, auth.From(ctx).ID)
	}, summary("Make a draft; what the plan leaves open is taken from its strategy"), status(http.StatusCreated))

	get(a, "/api/v1/campaigns/{id}", "get_campaign", staff.CampaignsRead, func(ctx context.Context, in *ByID) (campaign.Progress, error) {
		return a.Services.Campaigns.Progress(ctx, in.ID)
	}, summary("A campaign and how far it is"))

	type edit struct {
		ByID
		Body campaignDraft
	}
	put(a, "/api/v1/campaigns/{id}", "edit_campaign", staff.CampaignsWrite, func(ctx context.Context, in *edit) (campaign.Campaign, error) {
		return a.Services.Campaigns.Edit(ctx, in.ID, in.Body.Name, in.Body.Plan)
	}, summary("Replace a draft"))

	del(a, "/api/v1/campaigns/{id}", "discard_campaign", staff.CampaignsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Campaigns.Discard(ctx, in.ID)
	}, summary("Delete a draft"))

	type launch struct {
		ByID
		Body campaignLaunch
	}
	post(a, "/api/v1/campaigns/{id}/launch", "launch_campaign", staff.CampaignsSend, func(ctx context.Context, in *launch) (campaign.Campaign, error) {
		return a.Services.Campaigns.Launch(ctx, in.ID, in.Body.At)
	}, summary("Schedule a draft: freeze its audience and begin to send at the instant"))

	verb := func(word, opID, text string, do func(*campaign.Service, context.Context, string) error) {
		post(a, "/api/v1/campaigns/{id}/"+word, opID, staff.CampaignsSend, func(ctx context.Context, in *ByID) (campaign.Progress, error) {
			if err := do(a.Services.Campaigns, ctx, in.ID); err != nil {
				return campaign.Progress{}, err
			}
			return a.Services.Campaigns.Progress(ctx, in.ID)
		}, summary(text))
	}
	verb("unschedule", "unschedule_campaign", "Make a scheduled campaign a draft again", (*campaign.Service).Unschedule)
	verb("pause", "pause_campaign", "Stop sending at once; what was not handed over waits", (*campaign.Service).Pause)
	verb("resume", "resume_campaign", "Go on with a paused campaign", (*campaign.Service).Resume)
	verb("cancel", "cancel_campaign", "End a campaign for good; what was not handed over never is", (*campaign.Service).Cancel)

	registerCampaignCheck(a)

	type log struct {
		ByID
		Paging
		State   string `query:"state" enum:"queued,sending,sent,refused,failed,cancelled"`
		Reason  string `query:"reason" maxLength:"40"`
		Channel string `query:"channel" maxLength:"20"`
	}
	get(a, "/api/v1/campaigns/{id}/messages", "list_campaign_messages", staff.CampaignsRead, func(ctx context.Context, in *log) (Page[campaign.Entry], error) {
		rows, next, err := a.Services.Campaigns.Messages(ctx, campaign.MessageFilter{Campaign: in.ID, State: in.State, Reason: in.Reason, Channel: in.Channel, After: in.After, Limit: in.Limit})
		return PageOf(rows, next, -1), err
	}, summary("The log: one row for each message, with its reason"))

	type byCustomer struct {
		Number uint32 `path:"number"`
		Paging
	}
	get(a, "/api/v1/customers/{number}/messages", "list_customer_messages", staff.CampaignsRead, func(ctx context.Context, in *byCustomer) (Page[campaign.Entry], error) {
		rows, next, err := a.Services.Campaigns.Messages(ctx, campaign.MessageFilter{Customer: in.Number, After: in.After, Limit: in.Limit})
		return PageOf(rows, next, -1), err
	}, summary("Messages to one customer"))
}

// registerCampaignCheck: what would happen, what it looks like, and a message to oneself.
func registerCampaignCheck(a *API) {
	type forecast struct{ Body campaignQuestion }
	post(a, "/api/v1/campaigns/forecast", "forecast_campaign", staff.CampaignsRead, func(ctx context.Context, in *forecast) (campaign.Forecast, error) {
		return a.Services.Campaigns.Forecast(ctx, in.Body.Plan, in.Body.Campaign, in.Body.At)
	}, summary("How many, who, what it costs, and what the policy would refuse; writes nothing"))

	type previewCampaign struct {
		Body struct {
			Plan     campaign.Plan `json:"plan"`
			Customer uint32        `json:"customer,omitempty" doc:"Customer number; left out: somebody of the audience"`
		}
	}
	post(a, "/api/v1/campaigns/preview", "preview_campaign", staff.CampaignsRead, func(ctx context.Context, in *previewCampaign) (Page[campaign.Look], error) {
		looks, err := a.Services.Campaigns.Preview(ctx, in.Body.Plan, in.Body.Customer)
		return PageOf(looks, "", int64(len(looks))), err
	}, summary("The messages as one real person would get them"))

	type trial struct{ Body campaignTrial }
	post(a, "/api/v1/campaigns/test", "test_campaign", staff.CampaignsSend, func(ctx context.Context, in *trial) (None, error) {
		return None{}, a.Services.Campaigns.TestSend(ctx, in.Body.Plan, in.Body.Channel, in.Body.To)
	}, summary("Send it to yourself first"))
}
