package effect

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"huoshui/internal/marketing/experiment"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

// Plans knows the campaigns and strategies behind the facts.
type Plans interface {
	Campaigns(ctx context.Context) ([]Plan, error)
	Strategies(ctx context.Context) ([]Playbook, error)
}

// Service answers what strategies and campaigns earned.
type Service struct {
	db     *store.DB
	w      *warehouse.Warehouse
	plans  Plans
	people People
	now    clock.Clock

	mu   sync.Mutex // one pass at a time; whoever waits takes its answer
	last *snapshot
}

// NewService returns a board over a warehouse.
func NewService(db *store.DB, w *warehouse.Warehouse, plans Plans, people People, now clock.Clock) *Service {
	return &Service{db: db, w: w, plans: plans, people: people, now: now}
}

const setting = "effect"

// Definition returns what is in force, and its version.
func (s *Service) Definition(ctx context.Context) (Definition, int64, error) {
	return settings.Get(ctx, s.db, setting, DefaultDefinition())
}

// Define stores a new definition; everything is computed anew with it.
func (s *Service) Define(ctx context.Context, d Definition, by string) error {
	if err := d.check(); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := settings.Put(ctx, tx, setting, d, by, s.now())
		return err
	})
}

// snapshot is everything one pass found, with the words around it.
type snapshot struct {
	asOf       time.Time
	ordersTo   time.Time // the newest order
	definition Definition
	tallies    map[string]*tally // by campaign id
	plans      map[string]Plan
	playbooks  map[string]Playbook

	version  uint64 // of the warehouse
	defined  int64  // version of the definition
	cost     time.Duration
	measured time.Time // by the machine's clock
}

// fresh says whether the snapshot still answers: nothing has changed since, or it is young for what it cost, so that
// watching a campaign send does not keep the machine busy. What the plans say (names, windows) is read every time.
func (sn *snapshot) fresh(version uint64, defined int64, windows map[string]int, asOf time.Time) bool {
	if sn == nil || sn.defined != defined || asOf.Before(sn.asOf) {
		return false
	}
	for id, t := range sn.tallies {
		if days, ok := windows[id]; ok && int64(days)*dayMicros != t.window {
			return false
		}
	}
	age := time.Since(sn.measured)
	if sn.version == version {
		return asOf.Sub(sn.asOf) < time.Minute
	}
	return age < 20*sn.cost && asOf.Sub(sn.asOf) < 10*time.Minute
}

func (s *Service) snapshot(ctx context.Context) (*snapshot, error) {
	definition, defined, err := s.Definition(ctx)
	if err != nil {
		return nil, err
	}
	plans, err := s.plans.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	playbooks, err := s.plans.Strategies(ctx)
	if err != nil {
		return nil, err
	}
	next := &snapshot{asOf: s.now(), definition: definition, defined: defined, plans: map[string]Plan{}, playbooks: map[string]Playbook{}}
	for _, p := range playbooks {
		next.playbooks[p.ID] = p
	}
	windows := map[string]int{}
	for _, p := range plans {
		next.plans[p.ID] = p
		windows[p.ID] = next.window(p.Strategy)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	version := s.w.Watermark().Version
	if s.last.fresh(version, defined, windows, next.asOf) {
		old := *s.last
		old.plans, old.playbooks = next.plans, next.playbooks
		return &old, nil
	}
	began := time.Now()
	byCode, lastOrder, err := run(ctx, s.w, next.asOf.UnixMicro(), definition.NetRefunds, func(code uint32) int {
		if days, ok := windows[s.w.Text(code)]; ok {
			return days
		}
		return definition.WindowDays
	})
	if err != nil {
		return nil, err
	}
	next.tallies = make(map[string]*tally, len(byCode))
	for code, t := range byCode {
		next.tallies[s.w.Text(code)] = t
	}
	if lastOrder > 0 {
		next.ordersTo = time.UnixMicro(lastOrder).UTC()
	}
	next.version, next.measured, next.cost = version, time.Now(), time.Since(began)
	s.last = next
	own := *next // what a question does to its snapshot is its own
	return &own, nil
}

// Forget drops what the last pass found, so that the next question reads the facts again.
func (s *Service) Forget() {
	s.mu.Lock()
	s.last = nil
	s.mu.Unlock()
}

func (sn *snapshot) window(strategy string) int {
	if p, ok := sn.playbooks[strategy]; ok && p.WindowDays > 0 {
		return p.WindowDays
	}
	return sn.definition.WindowDays
}

// Board returns a line for every strategy that has covered anybody, and one with an empty id for the campaigns that
// follow none; last used first.
func (s *Service) Board(ctx context.Context) (Board, error) {
	sn, err := s.snapshot(ctx)
	if err != nil {
		return Board{}, err
	}
	b := Board{AsOf: sn.asOf, OrdersTo: sn.ordersTo, Definition: sn.definition, Strategies: []Line{}}
	groups := map[string][]string{}
	for id := range sn.tallies {
		st := sn.strategyOf(s.w, id)
		groups[st] = append(groups[st], id)
	}
	for st, ids := range groups {
		b.Strategies = append(b.Strategies, sn.strategyLine(st, ids))
	}
	slices.SortFunc(b.Strategies, newestFirst)
	return b, nil
}

func newestFirst(a, b Line) int {
	return cmp.Or(b.LastAt.Compare(a.LastAt), cmp.Compare(a.ID, b.ID))
}

func (sn *snapshot) strategyOf(w *warehouse.Warehouse, campaign string) string {
	if p, ok := sn.plans[campaign]; ok {
		return p.Strategy
	}
	return w.Text(sn.tallies[campaign].strategy)
}

// Campaigns returns the lines of the campaigns that have covered anybody, newest first; ids narrows them when not nil.
func (s *Service) Campaigns(ctx context.Context, ids []string) ([]Line, error) {
	sn, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	out := []Line{}
	for id := range sn.tallies {
		if ids == nil || slices.Contains(ids, id) {
			out = append(out, sn.campaignLine(id))
		}
	}
	slices.SortFunc(out, newestFirst)
	return out, nil
}

// Campaign returns what one campaign earned. A campaign that has covered nobody yet has an empty report.
func (s *Service) Campaign(ctx context.Context, campaignID string) (Report, error) {
	sn, err := s.snapshot(ctx)
	if err != nil {
		return Report{}, err
	}
	t, ok := sn.tallies[campaignID]
	if !ok {
		p, ok := sn.plans[campaignID]
		if !ok {
			return Report{}, errs.New(errs.NotFound, "campaign.not_found", "there is no campaign %q", campaignID)
		}
		t = newTally(0, sn.window(p.Strategy))
		sn.tallies = map[string]*tally{campaignID: t}
	}
	r := Report{Line: sn.campaignLine(campaignID), AsOf: sn.asOf, OrdersTo: sn.ordersTo, Definition: sn.definition, Lines: []Line{}}
	r.Curve = t.curve(sn.asOf.UnixMicro())
	r.Channels, r.Refusals = s.channels(t)
	return r, nil
}

// Strategy returns what one strategy earned over all its campaigns; "" is the campaigns that follow none.
func (s *Service) Strategy(ctx context.Context, strategyID string) (Report, error) {
	sn, err := s.snapshot(ctx)
	if err != nil {
		return Report{}, err
	}
	var ids []string
	sum := newTally(0, 0)
	for id, t := range sn.tallies {
		if sn.strategyOf(s.w, id) != strategyID {
			continue
		}
		ids = append(ids, id)
		for code, c := range t.channels {
			into := sum.channel(code)
			for k := range c.people {
				into.people[k] += c.people[k]
			}
			into.cost += c.cost
		}
		for k, n := range t.refusals {
			sum.refusals[k] += n
		}
	}
	if _, known := sn.playbooks[strategyID]; len(ids) == 0 && !known && strategyID != "" {
		return Report{}, errs.New(errs.NotFound, "strategy.not_found", "there is no strategy %q", strategyID)
	}
	r := Report{Line: sn.strategyLine(strategyID, ids), AsOf: sn.asOf, OrdersTo: sn.ordersTo, Definition: sn.definition, Curve: []Day{}, Lines: []Line{}}
	for _, id := range ids {
		r.Lines = append(r.Lines, sn.campaignLine(id))
	}
	slices.SortFunc(r.Lines, newestFirst)
	r.Channels, r.Refusals = s.channels(sum)
	return r, nil
}

func (sn *snapshot) campaignLine(id string) Line {
	p := sn.plans[id]
	l := sn.line([]string{id})
	l.Kind, l.ID, l.Name, l.Strategy, l.State = "campaign", id, cmp.Or(p.Name, id), p.Strategy, p.State
	l.Layer = sn.playbooks[p.Strategy].Layer
	return l
}

func (sn *snapshot) strategyLine(id string, campaigns []string) Line {
	p := sn.playbooks[id]
	l := sn.line(campaigns)
	l.Kind, l.ID, l.Name, l.NameEN, l.Layer = "strategy", id, cmp.Or(p.NameZH, p.NameEN, id), p.NameEN, p.Layer
	l.WindowDays = sn.window(id)
	return l
}

// line sums campaigns: counts add up, the comparison is made inside each and averaged (experiment.Measure).
func (sn *snapshot) line(campaigns []string) Line {
	l := Line{Campaigns: len(campaigns), Measured: "all"}
	slices.Sort(campaigns)
	var all, closed []experiment.Stratum
	var first, last, closes int64
	var compared, comparedClosed int64 // what the campaigns that have something to compare with cost
	for _, id := range campaigns {
		t := sn.tallies[id]
		l.WindowDays = int(t.window / dayMicros)
		if t.first != 0 && (first == 0 || t.first < first) {
			first = t.first
		}
		last, closes = max(last, t.last), max(closes, t.last+t.window)
		l.Steps.add(t.steps)
		l.GMVFen += t.all[armReach].revenue
		l.Overlap += t.over
		l.CostFen += t.cost
		pct := sn.plans[id].HoldoutPct
		all = append(all, stratum(t.all, pct))
		if hasBoth(t.all) {
			compared += t.cost
		}
		if c := stratum(t.closed, pct); c.Reach.People+c.Holdout.People > 0 {
			closed = append(closed, c)
			if hasBoth(t.closed) {
				comparedClosed += t.cost
			}
		}
		l.OpenPeople += t.all[armReach].people + t.all[armHoldout].people - t.closed[armReach].people - t.closed[armHoldout].people
	}
	if first != 0 {
		l.StartedAt, l.LastAt, l.ClosesAt = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC(), time.UnixMicro(closes).UTC()
		l.OrdersMissing = l.OpenPeople == 0 && sn.ordersTo.Before(l.ClosesAt.Add(-3*24*time.Hour))
	}
	if len(closed) > 0 {
		l.Measured = "closed"
		l.Result = experiment.Measure(closed, comparedClosed, true, sn.definition.options())
		if l.OpenPeople == 0 {
			l.Measured = "all"
		}
		return l
	}
	l.Result = experiment.Measure(all, compared, false, sn.definition.options())
	return l
}

// hasBoth says whether there is somebody to compare with: without a holdout what was earned is not known, and what was
// spent must not be set against what others earned.
func hasBoth(by [arms]outcome) bool { return by[armReach].people > 0 && by[armHoldout].people > 0 }

func stratum(by [arms]outcome, holdoutPct float64) experiment.Stratum {
	of := func(o outcome) experiment.Outcome {
		return experiment.Outcome{People: o.people, Converted: o.converted, Revenue: float64(o.revenue), RevenueSquares: o.squares}
	}
	return experiment.Stratum{Reach: of(by[armReach]), Holdout: of(by[armHoldout]), HoldoutPct: holdoutPct}
}

// curve is both arms day by day, as far as time has come.
func (t *tally) curve(asOf int64) []Day {
	out := []Day{}
	var bought, revenue [arms]int64
	for d := range t.bought[armReach] {
		if t.first == 0 || t.first+int64(d)*dayMicros >= asOf {
			break
		}
		for arm := range bought {
			bought[arm] += t.bought[arm][d]
			revenue[arm] += t.revenue[arm][d]
		}
		day := Day{Day: d + 1, ReachBought: bought[armReach], HoldoutBought: bought[armHoldout], Partial: t.last+int64(d+1)*dayMicros > asOf}
		if n := float64(t.all[armReach].people); n > 0 {
			day.ReachRate, day.ReachFen = float64(bought[armReach])/n, float64(revenue[armReach])/n
		}
		if n := float64(t.all[armHoldout].people); n > 0 {
			day.HoldoutRate, day.HoldoutFen = float64(bought[armHoldout])/n, float64(revenue[armHoldout])/n
		}
		out = append(out, day)
	}
	return out
}

func (s *Service) channels(t *tally) ([]ChannelLine, []Refusal) {
	channels, refusals := []ChannelLine{}, []Refusal{}
	for code, c := range t.channels {
		channels = append(channels, ChannelLine{
			Channel: s.w.Text(code), Refused: c.people[refused], Sent: c.people[sent], Reached: c.people[delivered],
			Opened: c.people[opened], Clicked: c.people[clicked], Failed: c.people[failed], CostFen: c.cost,
		})
	}
	slices.SortFunc(channels, func(a, b ChannelLine) int {
		return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(a.Channel, b.Channel))
	})
	for k, n := range t.refusals {
		refusals = append(refusals, Refusal{Channel: s.w.Text(k.channel), Reason: s.w.Text(k.reason), N: n})
	}
	slices.SortFunc(refusals, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Reason, b.Reason))
	})
	return channels, refusals
}
