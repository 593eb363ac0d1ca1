package app

import (
	"context"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/user/tag"
)

// buildTags makes tags, which have their questions answered in the passes of segments.
func (a *App) buildTags() {
	a.Services.Tags = tag.NewService(a.DB, a.Services.Segments, a.Clock.Now, taggers{a})
}

// taggers knows what outside of the user system names tags.
type taggers struct{ app *App }

// tagsOf are the tags that a plan names: as its audience, or through segments that it reaches or leaves out.
func tagsOf(p campaign.Plan, segments map[string][]string) (named []string) {
	for _, segment := range p.Exclude {
		named = append(named, segments[segment]...)
	}
	switch p.Audience.Kind {
	case "tag":
		named = append(named, p.Audience.ID)
	case "segment":
		named = append(named, segments[p.Audience.ID]...)
	}
	return named
}

// OfTags implements tag.Uses: campaigns name tags as their audience or through segments, strategies through their campaigns.
func (t taggers) OfTags(ctx context.Context, segments map[string][]string) (map[string][]tag.Use, error) {
	out := map[string][]tag.Use{}
	seen := map[string]bool{}
	add := func(id string, use tag.Use) {
		if key := id + " " + use.ID; !seen[key] {
			seen[key] = true
			out[id] = append(out[id], use)
		}
	}
	for after := ""; ; {
		page, next, err := t.app.Services.Campaigns.List(ctx, campaign.Filter{After: after, Limit: 500})
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			named := tagsOf(c.Plan, segments)
			for _, id := range named {
				add(id, tag.Use{Kind: "campaign", ID: c.ID, Name: c.Name})
				if c.Plan.Strategy == "" {
					continue
				}
				s, err := t.app.Services.Strategies.Get(ctx, c.Plan.Strategy)
				if err != nil {
					return nil, err
				}
				add(id, tag.Use{Kind: "strategy", ID: s.ID, Name: s.Name.In("zh")})
			}
		}
		if next == "" {
			return out, nil
		}
		after = next
	}
}
