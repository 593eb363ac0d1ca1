package httpapi

import (
	"context"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/policy"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/consent"
)

// policyState is the restraint in force.
type policyState struct {
	Rules   policy.Rules `json:"rules"`
	Version int64        `json:"version" doc:"0: the default, never changed"`
}

// channelState is how the channels are set up; secrets are masked.
type channelState struct {
	Settings channel.Settings `json:"settings"`
	Version  int64            `json:"version"`
	Enabled  []string         `json:"enabled"`
}

// channelChange replaces the channels' settings.
type channelChange struct {
	Settings channel.Settings `json:"settings"`
	Version  int64            `json:"version" doc:"The version that was read; another writer's change is a conflict"`
}

// channelTrial sends a line through a channel.
type channelTrial struct {
	Channel string `json:"channel" enum:"email,webhook"`
	To      string `json:"to,omitempty" maxLength:"254" doc:"E-mail address"`
}

// consentChange is a customer's word.
type consentChange struct {
	Channel string        `json:"channel" enum:"email,phone,task,webhook"`
	State   consent.State `json:"state" enum:"granted,withdrawn"`
}

// consentState is what one person said.
type consentState struct {
	Consents     []consent.Consent     `json:"consents"`
	Suppressions []consent.Suppression `json:"suppressions"`
}

// registerPolicy: the rules of restraint, the channels, and people's consent.
func registerPolicy(a *API) {
	get(a, "/api/v1/policy", "get_policy", staff.PolicyRead, func(ctx context.Context, _ *struct{}) (policyState, error) {
		rules, version, err := settings.Get(ctx, a.Services.Campaigns.DB, policy.SettingName, policy.Default())
		return policyState{rules, version}, err
	}, summary("The rules every message is asked by"))

	type change struct{ Body policyState }
	put(a, "/api/v1/policy", "change_policy", staff.PolicyWrite, func(ctx context.Context, in *change) (policyState, error) {
		if err := in.Body.Rules.Check(); err != nil {
			return policyState{}, err
		}
		out := in.Body
		err := a.Services.Campaigns.DB.Tx(ctx, func(tx *store.Tx) (err error) {
			_, now, err := settings.Get(ctx, tx, policy.SettingName, policy.Default())
			if err != nil {
				return err
			}
			if now != in.Body.Version {
				return errs.New(errs.Conflict, "settings.stale", "somebody has changed it meanwhile; load it again")
			}
			out.Version, err = settings.Put(ctx, tx, policy.SettingName, in.Body.Rules, auth.From(ctx).ID, a.Services.Campaigns.Now())
			return err
		})
		return out, err
	}, summary("Change the rules; every version is kept"))

	get(a, "/api/v1/policy/history", "list_policy_versions", staff.PolicyRead, func(ctx context.Context, _ *struct{}) (Page[settings.Version], error) {
		rows, err := settings.History(ctx, a.Services.Campaigns.DB, policy.SettingName, 50)
		return PageOf(rows, "", int64(len(rows))), err
	}, summary("Versions of the rules, newest first"))

	registerChannels(a)
	registerConsent(a)
}

func registerChannels(a *API) {
	state := func(ctx context.Context) (channelState, error) {
		set, version, err := channel.Load(ctx, a.Services.Campaigns.DB)
		return channelState{set.Masked(), version, set.Enabled()}, err
	}
	get(a, "/api/v1/channels", "get_channels", staff.ChannelsRead, func(ctx context.Context, _ *struct{}) (channelState, error) {
		return state(ctx)
	}, summary("How messages leave; secrets are masked"))

	type change struct{ Body channelChange }
	put(a, "/api/v1/channels", "change_channels", staff.ChannelsWrite, func(ctx context.Context, in *change) (channelState, error) {
		s := a.Services.Campaigns
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			_, now, err := channel.Load(ctx, tx)
			if err != nil {
				return err
			}
			if now != in.Body.Version {
				return errs.New(errs.Conflict, "settings.stale", "somebody has changed it meanwhile; load it again")
			}
			_, err = channel.Save(ctx, tx, in.Body.Settings, s.Sealer, auth.From(ctx).ID, s.Now())
			return err
		})
		if err != nil {
			return channelState{}, err
		}
		return state(ctx)
	}, summary("Change the channels; a masked or empty secret keeps the old one"))

	type trial struct{ Body channelTrial }
	post(a, "/api/v1/channels/test", "test_channel", staff.ChannelsWrite, func(ctx context.Context, in *trial) (None, error) {
		return None{}, a.Services.Campaigns.TestChannel(ctx, in.Body.Channel, in.Body.To)
	}, summary("Send a line through the stored settings"))
}

func registerConsent(a *API) {
	type ByNumber struct {
		Number uint32 `path:"number" minimum:"1"`
	}
	state := func(ctx context.Context, number uint32) (consentState, error) {
		said, stopped, err := a.Services.Consents.Of(ctx, number)
		return consentState{said, stopped}, err
	}
	get(a, "/api/v1/customers/{number}/consents", "get_consents", staff.CustomersRead, func(ctx context.Context, in *ByNumber) (consentState, error) {
		return state(ctx, in.Number)
	}, summary("What a customer said about each channel"))

	type say struct {
		ByNumber
		Body consentChange
	}
	put(a, "/api/v1/customers/{number}/consents", "change_consent", staff.CustomersWrite, func(ctx context.Context, in *say) (consentState, error) {
		if err := a.Services.Consents.Say(ctx, in.Number, in.Body.Channel, in.Body.State, "console"); err != nil {
			return consentState{}, err
		}
		return state(ctx, in.Number)
	}, summary("Record what a customer said"))
}
