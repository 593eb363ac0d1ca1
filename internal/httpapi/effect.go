package httpapi

import (
	"context"
	"strconv"
	"strings"

	"huoshui/internal/data/effect"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
)

// noStrategy is how an address names the campaigns that follow no strategy.
const noStrategy = "none"

// boardDefinition is what is in force and its version.
type boardDefinition struct {
	effect.Definition
	Version int64 `json:"version" doc:"0 until it was ever set"`
}

// registerEffect: the strategy board, what one strategy or campaign earned, and the people behind every number.
func registerEffect(a *API) {
	get(a, "/api/v1/board", "get_board", staff.EffectRead, func(ctx context.Context, _ *struct{}) (effect.Board, error) {
		return a.Services.Effect.Board(ctx)
	}, summary("Every strategy that has covered anybody: counts, effect with its interval, cost, suggestion"))

	type some struct {
		IDs string `query:"ids" maxLength:"8000" doc:"Campaign ids, comma separated; all when left out"`
	}
	get(a, "/api/v1/board/campaigns", "list_board_campaigns", staff.EffectRead, func(ctx context.Context, in *some) (Page[effect.Line], error) {
		var ids []string
		if in.IDs != "" {
			ids = strings.Split(in.IDs, ",")
		}
		lines, err := a.Services.Effect.Campaigns(ctx, ids)
		return PageOf(lines, "", int64(len(lines))), err
	}, summary("What campaigns earned, a line each"))

	get(a, "/api/v1/board/campaigns/{id}", "get_campaign_effect", staff.EffectRead, func(ctx context.Context, in *ByID) (effect.Report, error) {
		return a.Services.Effect.Campaign(ctx, in.ID)
	}, summary("What one campaign earned, with the curve of both arms"))

	get(a, "/api/v1/board/strategies/{id}", "get_strategy_effect", staff.EffectRead, func(ctx context.Context, in *ByID) (effect.Report, error) {
		return a.Services.Effect.Strategy(ctx, strategyID(in.ID))
	}, summary("What one strategy earned over all its campaigns; none: the campaigns that follow no strategy"))

	type people struct {
		ByID
		Paging
		Number string `query:"number" required:"true" enum:"covered,holdout,planned,refused,sent,reached,opened,clicked,failed,unsubscribed,converted,converted_holdout" doc:"The number whose people are asked for"`
	}
	behind := func(ctx context.Context, in *people, line effect.Line, campaigns []string) (Page[effect.Person], error) {
		var after uint64
		if in.After != "" {
			var err error
			if after, err = strconv.ParseUint(in.After, 10, 32); err != nil {
				return Page[effect.Person]{}, errs.New(errs.Invalid, "request.cursor", "the cursor is not one of ours").At("after")
			}
		}
		found, next, err := a.Services.Effect.PeopleOf(ctx, campaigns, in.Number, uint32(after), in.Limit)
		if err != nil {
			return Page[effect.Person]{}, err
		}
		cursor := ""
		if next != 0 {
			cursor = strconv.FormatUint(uint64(next), 10)
		}
		page := PageOf(found, cursor, line.Number(in.Number))
		page.TotalIsEstimate = len(campaigns) > 1 // a person in two campaigns is in the number twice
		return page, nil
	}
	get(a, "/api/v1/board/campaigns/{id}/people", "list_campaign_effect_people", staff.CustomersRead, func(ctx context.Context, in *people) (Page[effect.Person], error) {
		r, err := a.Services.Effect.Campaign(ctx, in.ID)
		if err != nil {
			return Page[effect.Person]{}, err
		}
		return behind(ctx, in, r.Line, []string{in.ID})
	}, summary("The people behind a number of a campaign, by customer number"))

	get(a, "/api/v1/board/strategies/{id}/people", "list_strategy_effect_people", staff.CustomersRead, func(ctx context.Context, in *people) (Page[effect.Person], error) {
		r, err := a.Services.Effect.Strategy(ctx, strategyID(in.ID))
		if err != nil {
			return Page[effect.Person]{}, err
		}
		ids := make([]string, len(r.Lines))
		for i, l := range r.Lines {
			ids[i] = l.ID
		}
		return behind(ctx, in, r.Line, ids)
	}, summary("The people behind a number of a strategy, each once, by customer number"))

	get(a, "/api/v1/board/definition", "get_effect_definition", staff.EffectRead, func(ctx context.Context, _ *struct{}) (boardDefinition, error) {
		d, version, err := a.Services.Effect.Definition(ctx)
		return boardDefinition{d, version}, err
	}, summary("How effects are measured"))

	type define struct{ Body effect.Definition }
	put(a, "/api/v1/board/definition", "set_effect_definition", staff.LayersWrite, func(ctx context.Context, in *define) (boardDefinition, error) {
		if err := a.Services.Effect.Define(ctx, in.Body, auth.From(ctx).ID); err != nil {
			return boardDefinition{}, err
		}
		d, version, err := a.Services.Effect.Definition(ctx)
		return boardDefinition{d, version}, err
	}, summary("Change how effects are measured; everything is computed anew"))
}

func strategyID(path string) string {
	if path == noStrategy {
		return ""
	}
	return path
}
