package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/marketing/campaign"
)

func TestTagsOfAPlan(t *testing.T) {
	segments := map[string][]string{"seg_1": {"tag_a"}, "seg_2": {"tag_b", "tag_c"}, "vip": {"tag_z"}}
	for _, c := range []struct {
		plan campaign.Plan
		want []string
	}{
		{campaign.Plan{Audience: campaign.Target{Kind: "tag", ID: "tag_t"}}, []string{"tag_t"}},
		{campaign.Plan{Audience: campaign.Target{Kind: "segment", ID: "seg_1"}, Exclude: []string{"seg_2"}}, []string{"tag_b", "tag_c", "tag_a"}},
		{campaign.Plan{Audience: campaign.Target{Kind: "layer", ID: "vip"}}, nil}, // a layer's code is no segment's id
		{campaign.Plan{Audience: campaign.Target{Kind: "everyone"}}, nil},
	} {
		if d := cmp.Diff(c.want, tagsOf(c.plan, segments)); d != "" {
			t.Errorf("%+v: %s", c.plan.Audience, d)
		}
	}
}
