package httpapi

import (
	"context"
	"maps"
	"slices"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/layer"
)

// warnedPerson is somebody who is about to leave: by which signs, and what was done last.
type warnedPerson struct {
	ID          string     `json:"id"`
	Code        string     `json:"code" doc:"The id the person is known by where they came from"`
	Name        string     `json:"name"`
	LastOrderAt *time.Time `json:"last_order_at,omitempty"`
	layer.Standing
	Warnings []string   `json:"warnings" doc:"Signs of leaving, the weightiest first"`
	Last     *happening `json:"last,omitempty" doc:"The latest thing the person did; left out when nothing is known"`
}

// deeds are what people do themselves.
var deeds = []string{
	event.PageViewed, event.ProductViewed, event.CartAdded, event.CartRemoved, event.CheckoutStarted, event.MessageOpened, event.MessageClicked, event.OrderPaid,
}

// registerWarning: who is about to leave, why, and when that raises an alert.
func registerWarning(a *API) {
	get(a, "/api/v1/warnings", "get_warnings", staff.LayersRead, func(ctx context.Context, _ *struct{}) (layer.Warning, error) {
		return a.Services.Layers.Warning(ctx)
	}, summary("Who is about to leave, by sign, against a week before; no signs before the first refresh"))

	type people struct {
		Paging
		Sign  string `query:"sign" enum:"pseudo_vip,overdue,at_risk,never_bought" doc:"Left out: any"`
		Class string `query:"class" enum:"champion,develop,keep,win_back,general_value,general_develop,general_keep,general_win_back"`
	}
	get(a, "/api/v1/warnings/people", "list_warned_people", staff.CustomersRead, func(ctx context.Context, in *people) (Page[warnedPerson], error) {
		found, state, err := a.Services.Layers.WhoWarned(ctx, in.Sign, in.Class)
		if err != nil {
			return Page[warnedPerson]{}, err
		}
		standings, next, err := a.Services.Layers.Page(ctx, found, in.After, in.Limit)
		if err != nil {
			return Page[warnedPerson]{}, err
		}
		persons, err := a.layerPeople(ctx, standings)
		if err != nil {
			return Page[warnedPerson]{}, err
		}
		last, err := a.lastDeeds(ctx, persons)
		if err != nil {
			return Page[warnedPerson]{}, err
		}
		items := make([]warnedPerson, len(persons))
		for i, p := range persons {
			items[i] = warnedPerson{
				ID: p.ID, Code: p.Code, Name: p.Name, LastOrderAt: p.LastOrderAt, Standing: p.Standing,
				Warnings: layer.WarningCodes(state.Warned[p.Customer]), Last: last[p.Customer],
			}
		}
		return PageOf(items, next, int64(found.GetCardinality())), nil
	}, summary("The people who are about to leave, those who spent most first, with what they did last"))

	type change struct {
		Body struct {
			Rule    layer.AlertRule `json:"rule"`
			Version int64           `json:"version" doc:"The version that was read"`
		}
	}
	put(a, "/api/v1/warnings/alert", "set_warning_alert", staff.LayersWrite, func(ctx context.Context, in *change) (layer.Warning, error) {
		if err := a.Services.Layers.SetAlert(ctx, in.Body.Rule, in.Body.Version, auth.From(ctx).ID); err != nil {
			return layer.Warning{}, err
		}
		return a.Services.Layers.Warning(ctx)
	}, summary("Say when a growing number of people about to leave raises an alert"))
}

// lastDeeds is what each of some people did last, by their numbers; who did nothing is not in it.
func (a *API) lastDeeds(ctx context.Context, persons []layerPerson) (map[uint32]*happening, error) {
	numbers := make([]uint32, len(persons))
	for i, p := range persons {
		numbers[i] = p.Customer
	}
	latest, err := a.Services.Segments.Engine().Warehouse().Latest(ctx, numbers, deeds)
	if err != nil {
		return nil, err
	}
	who := slices.Collect(maps.Keys(latest))
	facts := make([]warehouse.Happening, len(who))
	for i, n := range who {
		facts[i] = latest[n]
	}
	named, err := a.named(ctx, facts)
	if err != nil {
		return nil, err
	}
	out := map[uint32]*happening{}
	for i, n := range who {
		out[n] = &named[i]
	}
	return out, nil
}
