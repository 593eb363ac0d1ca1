package layer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
)

// anyPerson draws a person whose days agree with each other, from nobody-knows-anything to a daily buyer.
func anyPerson(t *rapid.T) person {
	p := person{registered: never, firstOrder: never, lastOrder: never, lastSeen: never}
	if rapid.Bool().Draw(t, "registered?") {
		p.registered = rapid.Int32Range(0, 400).Draw(t, "registered")
	}
	if rapid.Bool().Draw(t, "bought?") {
		p.firstOrder = rapid.Int32Range(0, 400).Draw(t, "first")
		p.lastOrder = rapid.Int32Range(0, p.firstOrder).Draw(t, "last")
		p.orders = rapid.Int32Range(1, 30).Draw(t, "orders")
		p.spent = rapid.Int64Range(0, 5000_00).Draw(t, "spent")
		p.spentWindow = rapid.Int64Range(0, p.spent).Draw(t, "window")
		p.lastSeen = rapid.Int32Range(0, p.lastOrder).Draw(t, "seen")
	} else if rapid.Bool().Draw(t, "seen?") {
		p.lastSeen = rapid.Int32Range(0, 400).Draw(t, "seen")
	}
	if p.lastSeen == 0 {
		p.visits = rapid.Int32Range(0, 9).Draw(t, "visits")
	}
	if earliest := max(p.firstOrder, p.lastSeen); earliest > p.registered { // as the fold does
		p.registered = earliest
	}
	return p
}

func TestEverybodyIsInExactlyOneLayerWithAReasonOfThatLayer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		def := rapid.SampledFrom(Presets()).Draw(t, "definition")
		p := anyPerson(t)
		stage := def.Lifecycle.stage(&p)
		layer, reason := def.layer(&p, stage, def.Layers.VIP.MinSpentFen)
		if stage < stageNew || int(stage) >= len(Stages) || layer < layerVIP || int(layer) >= len(Layers) {
			t.Fatalf("%+v is in stage %d, layer %d", p, stage, layer)
		}
		if !strings.HasPrefix(string(Reasons[reason]), string(Layers[layer])+".") {
			t.Fatalf("%+v is in %s because %s", p, Layers[layer], Reasons[reason])
		}
		flags := flagsOf(&p, &def, reason)
		if flags&flagPseudo != 0 && layer != layerVIP {
			t.Fatalf("pseudo-high-value outside VIP: %+v", p)
		}
		if flags&flagFirst != 0 && layer != layerSilent {
			t.Fatalf("call first outside silent: %+v", p)
		}
		warned := warningsOf(flags, stage, p.orders)
		if warned != 0 && stage == stageLost || warned&warnNeverBought != 0 && p.orders > 0 || warned&(warnAtRisk|warnOverdue|warnPseudo) != 0 && p.orders == 0 {
			t.Fatalf("%+v is warned of %v in stage %s", p, WarningCodes(warned), Stages[stage])
		}
	})
}

func TestRules(t *testing.T) {
	def := Default()
	buyer := func(change func(*person)) person {
		p := person{registered: 200, firstOrder: 190, lastOrder: 10, lastSeen: 3, orders: 6, spent: 900_00, spentWindow: 900_00}
		if change != nil {
			change(&p)
		}
		return p
	}
	for name, c := range map[string]struct {
		person person
		stage  Stage
		reason Reason
	}{
		"only registered, yesterday":      {person{registered: 1, firstOrder: never, lastOrder: never, lastSeen: never}, StageNew, NewRegistered},
		"only registered, three weeks":    {person{registered: 21, firstOrder: never, lastOrder: never, lastSeen: never}, StageGrowing, NewRegistered},
		"only registered, two months":     {person{registered: 60, firstOrder: never, lastOrder: never, lastSeen: never}, StageAtRisk, SilentNeverBought},
		"only registered, a year":         {person{registered: 365, firstOrder: never, lastOrder: never, lastSeen: never}, StageLost, LostNeverBought},
		"never bought, comes by":          {person{registered: 80, firstOrder: never, lastOrder: never, lastSeen: 2}, StageGrowing, NewNotBought},
		"nothing known":                   {person{registered: never, firstOrder: never, lastOrder: never, lastSeen: never}, StageSilent, SilentNothingKnown},
		"first order lately":              {buyer(func(p *person) { p.firstOrder, p.orders = 10, 1 }), StageMature, NewFirstOrder},
		"regular":                         {buyer(nil), StageMature, PotentialRegular},
		"rising":                          {buyer(func(p *person) { p.registered, p.orders, p.visits = 120, 3, 4; p.firstOrder = 100 }), StageMature, PotentialRising},
		"not active, so not rising":       {buyer(func(p *person) { p.registered, p.orders, p.visits = 120, 3, 2; p.firstOrder = 100 }), StageMature, PotentialRegular},
		"big spender":                     {buyer(func(p *person) { p.spent, p.spentWindow = 2000_00, 2000_00 }), StageMature, VIPValue},
		"big spender in own rhythm":       {buyer(func(p *person) { p.spent, p.spentWindow, p.lastOrder, p.orders = 2000_00, 2000_00, 59, 3 }), StageSilent, VIPValue},
		"big spender about to leave":      {buyer(func(p *person) { p.spent, p.spentWindow, p.lastOrder, p.lastSeen = 2000_00, 2000_00, 45, 45 }), StageAtRisk, VIPPseudo},
		"weekly big spender, three weeks": {buyer(func(p *person) { p.spent, p.spentWindow, p.lastOrder, p.orders = 2000_00, 2000_00, 21, 26 }), StageMature, VIPPseudo},
		"big spender once": {buyer(func(p *person) {
			p.spent, p.spentWindow, p.orders = 2000_00, 2000_00, 1
			p.firstOrder = 40
			p.lastOrder = 40
		}), StageSilent, SilentNoOrder},
		"silent and valuable":         {buyer(func(p *person) { p.spent, p.lastOrder, p.lastSeen = 3900_00, 61, 20 }), StageSilent, SilentFirst},
		"29 days without order":       {buyer(func(p *person) { p.lastOrder = 29 }), StageMature, PotentialRegular},
		"30 days without order":       {buyer(func(p *person) { p.lastOrder = 30 }), StageSilent, SilentNoOrder},
		"15 days without interaction": {buyer(func(p *person) { p.lastOrder, p.lastSeen = 15, 15 }), StageSilent, SilentNoContact},
		"90 days of silence":          {buyer(func(p *person) { p.lastOrder, p.lastSeen = 90, 90 }), StageAtRisk, SilentNoOrder},
		"91 days of silence":          {buyer(func(p *person) { p.lastOrder, p.lastSeen = 91, 91 }), StageLost, LostBought},
	} {
		t.Run(name, func(t *testing.T) {
			stage := def.Lifecycle.stage(&c.person)
			_, reason := def.layer(&c.person, stage, def.Layers.VIP.MinSpentFen)
			if Stages[stage] != c.stage || Reasons[reason] != c.reason {
				t.Errorf("%s, %s; want %s, %s", Stages[stage], Reasons[reason], c.stage, c.reason)
			}
		})
	}
}

func TestEightClasses(t *testing.T) {
	for _, c := range []struct {
		r, f, m bool
		want    Class
	}{
		{true, true, true, Champion}, {true, false, true, Develop}, {false, true, true, Keep}, {false, false, true, WinBack},
		{true, true, false, GeneralValue}, {true, false, false, GeneralDevelop}, {false, true, false, GeneralKeep},
		{false, false, false, GeneralWinBack},
	} {
		if got := Classes[classOf(c.r, c.f, c.m)]; got != c.want {
			t.Errorf("%v: %s, want %s", c, got, c.want)
		}
	}
}

func TestValidationNamesTheField(t *testing.T) {
	for field, change := range map[string]func(*Definition){
		"":                            func(*Definition) {},
		"preset":                      func(d *Definition) { d.Preset = "bank" },
		"rfm.method":                  func(d *Definition) { d.RFM.Method = "guess" },
		"rfm.manual.frequency":        func(d *Definition) { d.RFM.Method, d.RFM.Manual.Frequency = Manual, Breaks{1, 2, 2, 4} },
		"rfm.winsorise_percent":       func(d *Definition) { d.RFM.WinsorisePercent = 50 },
		"activity.visits":             func(d *Definition) { d.Activity.Visits = 0 },
		"lifecycle.lost_after_days":   func(d *Definition) { d.Lifecycle.LostAfterDays = d.Lifecycle.AtRiskDays },
		"layers.vip.min_spent_fen":    func(d *Definition) { d.Layers.VIP.MinSpentFen = 0 },
		"layers.vip.top_percent":      func(d *Definition) { d.Layers.VIP.TopPercent = 0 },
		"layers.potential.max_orders": func(d *Definition) { d.Layers.Potential.MaxOrders = 0 },
	} {
		def := Default()
		change(&def)
		err := def.Validate()
		got := ""
		if err != nil {
			got = err.(*errs.Error).Field
		}
		if diff := cmp.Diff(field, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, p := range Presets() {
		if err := p.Validate(); err != nil {
			t.Errorf("preset %s: %v", p.Preset, err)
		}
	}
}
