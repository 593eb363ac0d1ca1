package httpapi

import (
	"context"
	"net/http"

	"huoshui/internal/marketing/strategy"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
)

// ByID is the input of a call about one thing.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}

// registerStrategy: the library of playbooks.
func registerStrategy(a *API) {
	type filter struct {
		Paging
		Q        string `query:"q" maxLength:"100" doc:"Words in the name"`
		Layer    string `query:"layer" enum:"vip,potential,new,silent,lost"`
		Goal     string `query:"goal" enum:"activate,repeat,care,recall,win_back,listen"`
		Archived bool   `query:"archived" doc:"The archived ones instead"`
	}
	get(a, "/api/v1/strategies", "list_strategies", staff.StrategiesRead, func(ctx context.Context, in *filter) (Page[strategy.Strategy], error) {
		p, err := a.Services.Strategies.List(ctx, strategy.Filter{Search: in.Q, Layer: in.Layer, Goal: in.Goal, Archived: in.Archived, After: in.After, Limit: in.Limit})
		return PageOf(p.Items, p.Next, p.Total), err
	}, summary("The strategy library, last changed first"))

	get(a, "/api/v1/strategies/{id}", "get_strategy", staff.StrategiesRead, func(ctx context.Context, in *ByID) (strategy.Detail, error) {
		return a.Services.Strategies.Detail(ctx, in.ID)
	}, summary("A strategy, the content it uses, and what the two lack"))

	get(a, "/api/v1/strategies/{id}/versions", "list_strategy_versions", staff.StrategiesRead, func(ctx context.Context, in *ByID) (Page[strategy.Strategy], error) {
		vs, err := a.Services.Strategies.Versions(ctx, in.ID)
		return PageOf(vs, "", int64(len(vs))), err
	}, summary("What a strategy was, newest first"))

	type write struct{ Body strategy.Draft }
	post(a, "/api/v1/strategies", "create_strategy", staff.StrategiesWrite, func(ctx context.Context, in *write) (strategy.Strategy, error) {
		return a.Services.Strategies.Write(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Save a new strategy"), status(http.StatusCreated))

	type reviseStrategy struct {
		ByID
		Body struct {
			Seen  int64          `json:"seen" minimum:"1" doc:"The version that was opened; a newer one is a conflict"`
			Draft strategy.Draft `json:"draft"`
		}
	}
	put(a, "/api/v1/strategies/{id}", "revise_strategy", staff.StrategiesWrite, func(ctx context.Context, in *reviseStrategy) (strategy.Strategy, error) {
		return a.Services.Strategies.Revise(ctx, in.ID, in.Body.Seen, in.Body.Draft, auth.From(ctx).ID)
	}, summary("Save the next version of a strategy"))

	post(a, "/api/v1/strategies/{id}/clone", "clone_strategy", staff.StrategiesWrite, func(ctx context.Context, in *ByID) (strategy.Strategy, error) {
		return a.Services.Strategies.Clone(ctx, in.ID, auth.From(ctx).ID)
	}, summary("Copy a strategy, so that the copy can be changed"), status(http.StatusCreated))

	post(a, "/api/v1/strategies/{id}/archive", "archive_strategy", staff.StrategiesWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Strategies.Archive(ctx, in.ID)
	}, summary("Take a strategy out of the library; what uses it goes on"))

	post(a, "/api/v1/strategies/{id}/restore", "restore_strategy", staff.StrategiesWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Strategies.Restore(ctx, in.ID)
	}, summary("Put an archived strategy back"))
}
