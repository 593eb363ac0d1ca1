package httpapi

import (
	"context"
	"time"

	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/layer"
)

// layerPerson is one person behind a number of the layers pages.
type layerPerson struct {
	ID          string     `json:"id"`
	Code        string     `json:"code" doc:"The id the person is known by where they came from"`
	Name        string     `json:"name"`
	City        string     `json:"city"`
	LastOrderAt *time.Time `json:"last_order_at,omitempty"`
	layer.Standing
}

// layerPeople joins standings with who the people are, in the order of the standings.
func (a *API) layerPeople(ctx context.Context, standings []layer.Standing) ([]layerPerson, error) {
	numbers := make([]uint32, len(standings))
	for i, s := range standings {
		numbers[i] = s.Customer
	}
	customers, err := customer.ByNumbers(ctx, a.Services.Layers.Store(), numbers)
	if err != nil {
		return nil, err
	}
	byNumber := map[uint32]customer.Customer{}
	for _, c := range customers {
		byNumber[c.Number] = c
	}
	out := make([]layerPerson, 0, len(standings))
	for _, s := range standings {
		c, ok := byNumber[s.Customer]
		if !ok || c.Erased { // erased since the snapshot
			continue
		}
		p := layerPerson{ID: c.ID, Code: c.Code, Name: c.Name, City: c.City, Standing: s}
		if !c.LastOrderAt.IsZero() {
			p.LastOrderAt = &c.LastOrderAt
		}
		out = append(out, p)
	}
	return out, nil
}

// registerLayer: layers, RFM, migration, the people behind them, and the definitions.
func registerLayer(a *API) {
	type onDay struct {
		Day string `query:"day" format:"date" doc:"The newest snapshot not after this day; the newest of all when left out"`
	}
	get(a, "/api/v1/layers", "get_layers", staff.LayersRead, func(ctx context.Context, in *onDay) (layer.Overview, error) {
		return a.Services.Layers.Overview(ctx, in.Day)
	}, summary("Everybody by layer, stage, class and reason, with the course of the sizes; before the first snapshot nobody, and its day is empty"))

	get(a, "/api/v1/layers/days", "list_layer_days", staff.LayersRead, func(ctx context.Context, _ *struct{}) (Page[layer.SnapshotDay], error) {
		days, err := a.Services.Layers.Days(ctx)
		return PageOf(days, "", int64(len(days))), err
	}, summary("The days there are snapshots of, newest first"))

	get(a, "/api/v1/layers/matrix", "get_layer_matrix", staff.LayersRead, func(ctx context.Context, in *onDay) (layer.Matrix, error) {
		return a.Services.Layers.Matrix(ctx, in.Day)
	}, summary("The RFM cube: people and value by scores, the breaks, the eight classes"))

	type between struct {
		From string `query:"from" format:"date" required:"true"`
		To   string `query:"to" format:"date" doc:"The newest when left out"`
	}
	get(a, "/api/v1/layers/migration", "get_layer_migration", staff.LayersRead, func(ctx context.Context, in *between) (layer.Migration, error) {
		return a.Services.Layers.Migration(ctx, in.From, in.To)
	}, summary("Who went from which layer to which between two days"))

	type people struct {
		Paging
		Day       string `query:"day" format:"date"`
		Layer     string `query:"layer" enum:"vip,potential,new,silent,lost"`
		Stage     string `query:"stage" enum:"new,growing,mature,silent,at_risk,lost"`
		Class     string `query:"class" enum:"champion,develop,keep,win_back,general_value,general_develop,general_keep,general_win_back"`
		Flag      string `query:"flag" enum:"active,pseudo_high_value,call_first,churn_warning"`
		Reason    string `query:"reason" maxLength:"40"`
		R         string `query:"r" pattern:"^[1-5]{1,5}$" doc:"Scores of recency to include: 45 is 4 or 5"`
		F         string `query:"f" pattern:"^[1-5]{1,5}$"`
		M         string `query:"m" pattern:"^[1-5]{1,5}$"`
		FromDay   string `query:"from_day" format:"date" doc:"With from_layer: the earlier day"`
		FromLayer string `query:"from_layer" enum:"vip,potential,new,silent,lost,none" doc:"Who was in this layer on the earlier day; none: was not there yet"`
	}
	get(a, "/api/v1/layers/people", "list_layer_people", staff.CustomersRead, func(ctx context.Context, in *people) (Page[layerPerson], error) {
		found, _, err := a.Services.Layers.Find(ctx, layer.Filter{
			Day: in.Day, Layer: in.Layer, Stage: in.Stage, Class: in.Class, Flag: in.Flag, Reason: in.Reason,
			R: in.R, F: in.F, M: in.M, FromDay: in.FromDay, FromLayer: in.FromLayer,
		})
		if err != nil {
			return Page[layerPerson]{}, err
		}
		standings, next, err := a.Services.Layers.Page(ctx, found, in.After, in.Limit)
		if err != nil {
			return Page[layerPerson]{}, err
		}
		items, err := a.layerPeople(ctx, standings)
		return PageOf(items, next, int64(found.GetCardinality())), err
	}, summary("The people behind a figure of the layers pages, those who spent most first"))

	type byNumber struct {
		Number uint32 `path:"number" minimum:"1"`
	}
	get(a, "/api/v1/layers/people/{number}", "get_layer_person", staff.CustomersRead, func(ctx context.Context, in *byNumber) (layer.Why, error) {
		return a.Services.Layers.Explain(ctx, in.Number)
	}, summary("Where one customer stands now, why, and where before"))

	get(a, "/api/v1/layers/definition", "get_layer_definition", staff.LayersRead, func(ctx context.Context, _ *struct{}) (layer.InForce, error) {
		return a.Services.Layers.Definition(ctx)
	}, summary("The definition in force, and the presets"))

	type saveLayering struct {
		Body struct {
			BaseVersion int64            `json:"base_version" doc:"The version it was made from"`
			Definition  layer.Definition `json:"definition"`
		}
	}
	put(a, "/api/v1/layers/definition", "save_layer_definition", staff.LayersWrite, func(ctx context.Context, in *saveLayering) (layer.InForce, error) {
		saved, err := a.Services.Layers.SaveDefinition(ctx, in.Body.Definition, in.Body.BaseVersion, auth.From(ctx).ID)
		if err == nil {
			a.Services.Segments.Kick()
		}
		return saved, err
	}, summary("Put a definition in force; a refresh with it begins at once"))

	type tryLayering struct {
		Body struct {
			Definition layer.Definition `json:"definition"`
		}
	}
	type layeringPreview struct {
		layer.Preview
		Samples map[string][]layerPerson `json:"samples" doc:"A few of those who move, by from>to"`
	}
	post(a, "/api/v1/layers/definition/preview", "preview_layer_definition", staff.LayersRead, func(ctx context.Context, in *tryLayering) (layeringPreview, error) {
		p, err := a.Services.Layers.Preview(ctx, in.Body.Definition)
		if err != nil {
			return layeringPreview{}, err
		}
		out := layeringPreview{Preview: p, Samples: map[string][]layerPerson{}}
		for _, move := range p.Moves {
			standings := make([]layer.Standing, len(move.Samples))
			for i, n := range move.Samples {
				standings[i].Customer = n
			}
			if out.Samples[move.From+">"+move.To], err = a.layerPeople(ctx, standings); err != nil {
				return layeringPreview{}, err
			}
		}
		return out, nil
	}, summary("What a definition would change: counts before and after, and who moves; nothing is saved"))

	get(a, "/api/v1/layers/definition/history", "list_layer_definitions", staff.LayersRead, func(ctx context.Context, _ *struct{}) (Page[layer.Version], error) {
		versions, err := a.Services.Layers.Versions(ctx)
		if err != nil {
			return Page[layer.Version]{}, err
		}
		names := map[string]string{}
		for i, v := range versions {
			name, known := names[v.ChangedBy]
			if !known {
				name = v.ChangedBy
				if account, err := a.Services.Staff.Get(ctx, v.ChangedBy); err == nil { // an account that is gone keeps its id
					name = account.Name
				}
				names[v.ChangedBy] = name
			}
			versions[i].ChangedBy = name
		}
		return PageOf(versions, "", int64(len(versions))), nil
	}, summary("The definitions saved so far, newest first"))

	type reconstructLayers struct {
		Body struct {
			Months int `json:"months" minimum:"1" maximum:"36" default:"12"`
		}
	}
	post(a, "/api/v1/layers/reconstruct", "reconstruct_layers", staff.LayersWrite, func(ctx context.Context, in *reconstructLayers) (Page[layer.SnapshotDay], error) {
		if err := a.Services.Layers.Reconstruct(ctx, a.Services.Layers.MonthEnds(in.Body.Months)...); err != nil {
			return Page[layer.SnapshotDay]{}, err
		}
		days, err := a.Services.Layers.Days(ctx)
		return PageOf(days, "", int64(len(days))), err
	}, summary("Compute the snapshots of past month ends that are missing, from the facts"))
}
