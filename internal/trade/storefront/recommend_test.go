package storefront

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	now := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.Add(-time.Duration(days) * 24 * time.Hour) }
	had := []bought{
		{"litter", "猫砂", 0, ago(5)}, // just bought: not again
		{"food", "猫粮", 30, ago(25)}, // used up by now
		{"bowl", "猫碗", 0, ago(200)}, // long ago: nothing says she wants it again
		{"fresh", "鲜粮", 30, ago(10)},
	}
	saw := []viewed{{"toy", "逗猫棒", ago(1)}, {"food", "猫粮", ago(1)}, {"tree", "猫爬架", ago(3)}}
	pairs := []pair{{"food", "snack", 3}, {"bowl", "litter", 2.5}, {"toy", "tree", 2}, {"litter", "scoop", 1.5}}
	want := []pick{
		{"food", "", Rebuy}, {"snack", "猫粮", Pair}, {"toy", "", Viewed},
		{"tree", "逗猫棒", Pair}, {"scoop", "猫砂", Pair},
	}
	if d := cmp.Diff(want, choose(had, saw, pairs, now), cmp.AllowUnexported(pick{})); d != "" {
		t.Error(d)
	}
	if got := choose(nil, nil, nil, now); len(got) != 0 {
		t.Error(got)
	}
}
