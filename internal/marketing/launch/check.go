package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
)

// Fault is something missing or contradicting in a launch, where it is.
type Fault struct {
	Stage   StageKind      `json:"stage,omitempty" doc:"Empty: the launch itself"`
	Action  string         `json:"action,omitempty"`
	Field   string         `json:"field,omitempty"`
	Code    string         `json:"code"`
	Message string         `json:"message" doc:"English"`
	Params  map[string]any `json:"params,omitempty" doc:"Values for the code's words"`
	Warning bool           `json:"warning" doc:"It may be started so"`
}

// FaultOf is an error as a fault.
func FaultOf(err error) (Fault, bool) {
	var e *errs.Error
	if k := errs.KindOf(err); k == errs.Internal || k == errs.Unavailable || k == "" || !asError(err, &e) {
		return Fault{}, false
	}
	return Fault{Field: e.Field, Code: e.Code, Message: e.Message, Params: e.Params}, true
}

// Checked is what a look at a launch found.
type Checked struct {
	Faults []Fault          `json:"faults"`
	People map[string]int64 `json:"people" doc:"By action: whom it would be for now"`
	Ready  bool             `json:"ready" doc:"It may be started: there are warnings at most"`
}

// limits on what an operator may write.
const (
	maxActions = 60
	maxDays    = 400
)

func (l *Launch) fault(code, format string, args ...any) Fault {
	return Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (f Fault) at(field string) Fault             { f.Field = field; return f }
func (f Fault) of(stage *Stage, a *Action) Fault  { f.Stage, f.Action = stage.Kind, idOf(a); return f }
func (f Fault) with(name string, value any) Fault { f.Params = with(f.Params, name, value); return f }
func (f Fault) warn() Fault                       { f.Warning = true; return f }

func idOf(a *Action) string {
	if a == nil {
		return ""
	}
	return a.ID
}

func with(m map[string]any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	for k, v := range m {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// shape tidies what an operator wrote, names its actions and refuses what is no launch at all; what is merely not finished is left to faults.
func (w *Writing) shape() error {
	bad := func(field, code, text string) error { return errs.New(errs.Invalid, code, "%s", text).At(field) }
	w.Name = strings.TrimSpace(w.Name)
	if w.Name == "" || utf8.RuneCountInString(w.Name) > 60 {
		return bad("name", "launch.name", "a launch has a name of up to 60 characters")
	}
	if len(w.Goods) > 20 {
		return bad("goods", "launch.goods", "a launch sells up to 20 goods")
	}
	if w.Goods == nil {
		w.Goods = []string{}
	}
	seen, names, n := map[StageKind]bool{}, map[string]bool{}, 0
	for i := range w.Stages {
		s := &w.Stages[i]
		if !slices.Contains(Stages(), s.Kind) || seen[s.Kind] {
			return bad("stages", "launch.stage_twice", "a launch has each stage once at most")
		}
		seen[s.Kind] = true
		s.BeginsAt, s.EndsAt = s.BeginsAt.UTC().Truncate(time.Microsecond), s.EndsAt.UTC().Truncate(time.Microsecond)
		if y := s.BeginsAt.Year(); y < 1970 || y > 9000 || s.EndsAt.Year() < 1970 || s.EndsAt.Year() > 9000 {
			return bad("stages", "launch.window", "a stage has a window")
		}
		if s.Actions == nil {
			s.Actions = []Action{}
		}
		for _, a := range s.Actions {
			if n++; n > maxActions || a.ID != "" && names[a.ID] {
				return bad("stages", "launch.actions", "a launch has at most 60 actions, each with a name of its own")
			}
			if !slices.Contains(Kinds(), a.Kind) {
				return bad("stages", "launch.action_kind", "there is no such action")
			}
			names[a.ID] = true
		}
	}
	next := 1
	for i := range w.Stages {
		for j := range w.Stages[i].Actions {
			a := &w.Stages[i].Actions[j]
			for ; a.ID == ""; next++ {
				if id := fmt.Sprintf("a%d", next); !names[id] {
					a.ID, names[id] = id, true
				}
			}
			a.tidy()
		}
	}
	return nil
}

// tidy leaves of an action what belongs to its kind.
func (a *Action) tidy() {
	if !a.peopled() {
		a.Audience, a.Waves = nil, nil
	}
	if a.Kind != SendMessage {
		a.Message = nil
	} else if a.Message != nil && a.Message.Channels == nil {
		a.Message.Channels = []string{}
	}
	for i := range a.Waves {
		if a.Waves[i].Layers == nil {
			a.Waves[i].Layers = []string{}
		}
	}
	if a.Kind != GiveCoupons {
		a.Coupon = ""
	}
	if a.Kind != OpenFlash && a.Kind != OpenGroups && a.Kind != OpenPresale {
		a.Offer = nil
	}
	if a.Kind != ShowPage {
		a.Page = nil
	}
	if a.Kind != NextWave {
		a.Days = 0
	}
}

// faults names what is missing or contradicts in the launch itself, before anybody else is asked.
func (l *Launch) faults(now time.Time) []Fault {
	var out []Fault
	add := func(f Fault) { out = append(out, f) }
	if len(l.Goods) == 0 {
		add(l.fault("launch.no_goods", "a launch sells goods").at("goods"))
	}
	if l.stage(Sale) == nil {
		add(l.fault("launch.no_sale", "a launch has a sale").at("stages"))
	}
	if l.EndsAt.Sub(l.BeginsAt) > maxDays*24*time.Hour {
		add(l.fault("launch.long", "a launch takes at most %d days", maxDays).at("stages"))
	}
	var before *Stage
	for i := range l.Stages {
		s := &l.Stages[i]
		switch {
		case !s.EndsAt.After(s.BeginsAt):
			add(l.fault("launch.window", "the stage ends before it begins").of(s, nil).at("ends_at"))
		case !s.EndsAt.After(now):
			add(l.fault("launch.past", "the stage is over already").of(s, nil).at("ends_at"))
		}
		if before != nil && place(before.Kind) > place(s.Kind) {
			add(l.fault("launch.order", "the stage comes before the one above").of(s, nil).at("kind"))
		}
		if before != nil && s.BeginsAt.Before(before.EndsAt) {
			add(l.fault("launch.overlap", "the stage begins before the one above ends").of(s, nil).at("begins_at").with("stage", string(before.Kind)))
		}
		if s.Goal == nil {
			if s.Kind == Sale {
				add(l.fault("launch.no_goal", "the sale has no goal").of(s, nil).at("goal").warn())
			}
		} else if s.Goal.Target < 1 || !slices.Contains(Measures(), s.Goal.Measure) {
			add(l.fault("launch.goal", "a goal is a number above zero").of(s, nil).at("goal"))
		}
		if len(s.Actions) == 0 {
			add(l.fault("launch.no_actions", "nothing happens in the stage").of(s, nil).at("actions").warn())
		}
		for j := range s.Actions {
			out = append(out, l.actionFaults(s, &s.Actions[j])...)
		}
		before = s
	}
	return out
}

func place(k StageKind) int { return slices.Index(Stages(), k) }

func (l *Launch) actionFaults(s *Stage, a *Action) []Fault {
	var out []Fault
	add := func(f Fault, field string) { out = append(out, f.of(s, a).at(field)) }
	if !a.due(s, Wave{}).Before(s.EndsAt) || a.After < 0 {
		add(l.fault("launch.action_outside", "the action begins after its stage has ended"), "after_minutes")
	}
	if a.peopled() {
		switch t := a.Audience; {
		case t == nil || t.Kind == "" || t.Kind != "everyone" && t.ID == "":
			add(l.fault("launch.no_audience", "the action is for nobody"), "audience")
		case t.Kind == "list" && !slices.Contains(Lists(), t.ID):
			add(l.fault("launch.no_list", "there is no such list"), "audience")
		case t.Kind == "list" && t.ID == ListLastWave && l.Parent == "":
			add(l.fault("launch.first_wave", "there was no wave before this one"), "audience")
		case t.Kind == "list" && t.ID == ListDeposit && !l.presells():
			add(l.fault("launch.no_presale", "nobody pays a deposit: the launch has no presale"), "audience")
		}
		out = append(out, l.waveFaults(s, a)...)
	}
	switch a.Kind {
	case SendMessage:
		if m := a.Message; m == nil || m.Content == "" && m.Strategy == "" {
			add(l.fault("campaign.no_content", "choose a strategy or a content"), "message.content")
		} else if m.HoldoutPct == 0 {
			add(l.fault("launch.no_holdout", "nobody is held out: its effect cannot be measured").warn(), "message.holdout_pct")
		}
	case GiveCoupons:
		if a.Coupon == "" {
			add(l.fault("launch.no_coupon", "choose a coupon"), "coupon")
		}
	case OpenFlash, OpenGroups, OpenPresale:
		if a.Offer == nil || a.Offer.Existing == "" && (a.Offer.SKU == "" || a.Kind == OpenPresale) {
			add(l.fault("launch.no_offer", "choose what is sold"), "offer.sku")
		}
		if a.Kind == OpenPresale && s.Kind != Presale {
			add(l.fault("launch.presale_place", "a presale is opened in the presale"), "kind")
		}
	case ShowPage:
		if a.Page == nil || a.Page.Page == "" {
			add(l.fault("launch.no_page", "choose a page"), "page.page")
		}
	case NextWave:
		if a.Days < 1 {
			add(l.fault("launch.days", "say after how many days the next wave is"), "days")
		}
	}
	return out
}

func (l *Launch) presells() bool {
	s := l.stage(Presale)
	return s != nil && slices.ContainsFunc(s.Actions, func(a Action) bool { return a.Kind == OpenPresale })
}

func (l *Launch) waveFaults(s *Stage, a *Action) []Fault {
	var out []Fault
	for i, w := range a.Waves {
		field := fmt.Sprintf("waves[%d]", i)
		switch {
		case i > 0 && w.After <= a.Waves[i-1].After:
			out = append(out, l.fault("launch.wave_order", "each wave is later than the one before").of(s, a).at(field))
		case !a.due(s, w).Before(s.EndsAt):
			out = append(out, l.fault("launch.action_outside", "the wave begins after its stage has ended").of(s, a).at(field))
		case len(w.Layers) == 0 && i < len(a.Waves)-1:
			out = append(out, l.fault("launch.wave_rest", "the wave of everybody else is the last").of(s, a).at(field))
		}
	}
	return out
}

// due is when an action's turn comes.
func (a *Action) due(s *Stage, w Wave) time.Time {
	return s.BeginsAt.Add(time.Duration(a.After+w.After) * time.Minute)
}

// stockFaults names goals and offers that there is not enough for.
func (l *Launch) stockFaults(goods []Goods) []Fault {
	var out []Fault
	free, prices := map[string]int64{}, map[string]int64{}
	var all int64
	for _, g := range goods {
		for _, k := range g.SKUs {
			free[k.Code], prices[k.Code] = k.Free, k.PriceFen
			all += k.Free
		}
	}
	for i := range l.Stages {
		s := &l.Stages[i]
		if g := s.Goal; g != nil && g.Measure == MeasureUnits && g.Target > all {
			out = append(out, l.fault("launch.stock_short", "%d units are left, %d are wanted", all, g.Target).of(s, nil).at("goal").with("left", all).with("wanted", g.Target))
		}
		for j := range s.Actions {
			a := &s.Actions[j]
			o := a.Offer
			if o == nil || o.Existing != "" || o.SKU == "" {
				continue
			}
			add := func(f Fault, field string) { out = append(out, f.of(s, a).at("offer."+field)) }
			price, ours := prices[o.SKU]
			switch {
			case !ours:
				add(l.fault("launch.other_goods", "the SKU is not one of the launch's goods"), "sku")
			case o.PriceFen < 1 || o.PriceFen >= price:
				add(l.fault("launch.price", "the price is above zero and below what it costs otherwise").with("price_fen", price), "price_fen")
			case a.Kind != OpenGroups && o.Units > free[o.SKU]:
				add(l.fault("launch.stock_short", "%d units are left, %d are wanted", free[o.SKU], o.Units).with("left", free[o.SKU]).with("wanted", o.Units), "units")
			}
		}
	}
	return out
}

// Check looks at a launch as it would be started now: every fault with its stage, action and field.
func (s *Service) Check(ctx context.Context, launchID string) (Checked, error) {
	l, err := byID(ctx, s.DB, launchID)
	if err != nil {
		return Checked{}, err
	}
	return s.check(ctx, &l)
}

func (s *Service) check(ctx context.Context, l *Launch) (Checked, error) {
	now := s.instant()
	out := Checked{Faults: append([]Fault{}, l.faults(now)...), People: map[string]int64{}}
	goods, err := s.Trade.Goods(ctx, l.Goods)
	if err != nil {
		return out, err
	}
	for _, id := range l.Goods {
		i := slices.IndexFunc(goods, func(g Goods) bool { return g.ID == id })
		if i < 0 || !goods[i].On {
			out.Faults = append(out.Faults, l.fault("launch.goods_off", "goods are not on sale").at("goods").with("goods", id))
		}
	}
	busy, err := s.busy(ctx, l)
	if err != nil {
		return out, err
	}
	if busy != "" {
		out.Faults = append(out.Faults, l.fault("launch.goods_busy", "another launch sells the same at the same time").at("goods").with("launch", busy).warn())
	}
	out.Faults = append(out.Faults, l.stockFaults(goods)...)
	for i := range l.Stages {
		for j := range l.Stages[i].Actions {
			st, a := &l.Stages[i], &l.Stages[i].Actions[j]
			if err := s.checkAction(ctx, l, st, a, goods, &out); err != nil {
				return out, err
			}
		}
	}
	out.Ready = !slices.ContainsFunc(out.Faults, func(f Fault) bool { return !f.Warning })
	return out, nil
}

// checkAction asks whoever would carry an action out, once the action itself is whole.
func (s *Service) checkAction(ctx context.Context, l *Launch, st *Stage, a *Action, goods []Goods, out *Checked) error {
	whole := !slices.ContainsFunc(out.Faults, func(f Fault) bool { return f.Action == a.ID && !f.Warning })
	if !whole {
		return nil
	}
	if a.peopled() {
		people, err := s.audience(ctx, l, a)
		if f, ok := FaultOf(err); ok {
			out.Faults = append(out.Faults, f.of(st, a).at("audience"))
			return nil
		}
		if err != nil {
			return err
		}
		out.People[a.ID] = int64(people.GetCardinality())
	}
	doer := s.doer(a.Kind)
	if doer == nil {
		out.Faults = append(out.Faults, l.fault("launch.cannot", "nobody can do that here").of(st, a).at("kind"))
		return nil
	}
	found, err := doer.Check(ctx, s.order(l, st, a, 0, goods))
	if err != nil {
		return err
	}
	for _, f := range found {
		f.Stage, f.Action = st.Kind, a.ID
		out.Faults = append(out.Faults, f)
	}
	return nil
}
