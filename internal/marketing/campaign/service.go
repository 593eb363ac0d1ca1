package campaign

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// Audience says who is in a segment or a layer, or carries a tag, now.
type Audience interface {
	// Resolve returns the people of a kind ("segment", "tag", "layer", "stage", "warning", "class", "everyone", "launch") and id as a bitmap the caller may change.
	Resolve(ctx context.Context, kind, id string) (*roaring.Bitmap, error)
}

// Person is how somebody can be reached.
type Person struct {
	Number uint32
	ID     string // customer id, cus_…
	Name   string
	Email  string
	Phone  string
	Zone   string // IANA name; empty: the business zone
	Owner  string // staff id
	Erased bool
}

// People knows how people can be reached. Unknown numbers are left out of the answer.
type People interface {
	Reach(ctx context.Context, q store.Querier, customers []uint32) (map[uint32]Person, error)
}

// Consents keeps what people said.
type Consents interface {
	States(ctx context.Context, q store.Querier, channel string, people []uint32) (said, suppressed map[uint32]string, err error)
	SayTx(ctx context.Context, tx *store.Tx, customer uint32, channel, state, source string) error
	SuppressTx(ctx context.Context, tx *store.Tx, channel, cause string, customers ...uint32) error
}

// Contents is the content library; *content.Service is one.
type Contents interface {
	Get(ctx context.Context, contentID string) (content.Content, error)
	Common(ctx context.Context, o content.Offer) (content.Values, error)
	ValuesFor(ctx context.Context, customers []uint32, o content.Offer) (map[uint32]content.Values, error)
}

// Strategy is what a campaign takes over from a strategy where its own plan is silent.
type Strategy struct {
	ID       string
	Name     string
	Content  string
	Offer    content.Offer
	Channels []string
	Holdout  float64 // per cent
	Guard    Guardrails
	Team     string
}

// Strategies is the strategy library.
type Strategies interface {
	ForCampaign(ctx context.Context, strategyID string) (Strategy, error)
}

// Order is one staff task that a campaign asks for.
type Order struct {
	Message  string // id of the message the task carries out
	Campaign string
	Strategy string
	Customer uint32
	Title    string
	Text     string
	Team     string
	Owner    string // staff id, where the person has one
	At       time.Time
}

// Tasks is the staff task list. Ordering a task twice makes one.
type Tasks interface {
	Order(ctx context.Context, tx *store.Tx, orders []Order) error
}

// Parts is what a Service is made of.
type Parts struct {
	DB         *store.DB
	Now        clock.Clock
	Log        *slog.Logger
	Audience   Audience
	People     People
	Consents   Consents
	Contents   Contents
	Strategies Strategies
	Tasks      Tasks
	Buyers     Buyers // nil: nobody is known to have bought
	Sealer     channel.Sealer
	Signer     *channel.Signer
	Dir        string // where the sending journal lives
}

// Service runs campaigns.
type Service struct {
	Parts
	journal *channel.Journal
	kick    *bell
	running atomic.Bool

	troubles map[string]trouble // by campaign; only the loop that advances campaigns knows them

	mu     sync.Mutex
	active map[string]*active
	queues map[string]*remote
	setup  setup
	broken map[string]string // remote channel → why it cannot be reached now
}

// setup is the settings that sending works by, read anew whenever one of them changed.
type setup struct {
	rules    policy.Rules
	zone     *time.Location
	channels channel.Settings
	version  int64 // of the channels
}

// NewService returns a service over its parts.
func NewService(p Parts) (*Service, error) {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	j, err := channel.OpenJournal(p.Dir)
	if err != nil {
		return nil, err
	}
	return &Service{Parts: p, journal: j, kick: newBell(), active: map[string]*active{}, queues: map[string]*remote{}, troubles: map[string]trouble{}, broken: map[string]string{}}, nil
}

// Zone returns the business zone in force: the setting "zone", or Asia/Shanghai.
func Zone(ctx context.Context, q store.Querier) (*time.Location, error) {
	name, _, err := settings.Get(ctx, q, "zone", "Asia/Shanghai")
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(name)
}

func loadSetup(ctx context.Context, q store.Querier) (setup, error) {
	var s setup
	var err error
	if s.rules, _, err = settings.Get(ctx, q, policy.SettingName, policy.Default()); err != nil {
		return s, err
	}
	if s.channels, s.version, err = channel.Load(ctx, q); err != nil {
		return s, err
	}
	s.zone, err = Zone(ctx, q)
	return s, err
}

// Create makes a draft. What the plan leaves open is taken from its strategy now, so that the operator sees it.
func (s *Service) Create(ctx context.Context, name string, plan Plan, by string) (Campaign, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return Campaign{}, errs.New(errs.Invalid, "campaign.no_name", "a campaign needs a name").At("name")
	}
	plan, err := s.fill(ctx, plan)
	if err != nil {
		return Campaign{}, err
	}
	now := s.Now()
	c := Campaign{ID: id.New("cmp"), Name: name, State: Draft, Plan: plan, CreatedBy: by, CreatedAt: now, UpdatedAt: now}
	return c, s.DB.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "campaigns", c) })
}

// fill completes a plan from its strategy.
func (s *Service) fill(ctx context.Context, p Plan) (Plan, error) {
	p.Says, p.Salt, p.Guard = nil, "", Guardrails{}
	if p.Exclude == nil {
		p.Exclude = []string{}
	}
	if p.Channels == nil {
		p.Channels = []string{}
	}
	if p.Strategy == "" {
		return p, nil
	}
	st, err := s.Strategies.ForCampaign(ctx, p.Strategy)
	if err != nil {
		return p, err
	}
	p.Guard = st.Guard
	if p.Content == "" {
		p.Content = st.Content
	}
	if len(p.Channels) == 0 {
		prices, _, err := channel.Load(ctx, s.DB)
		if err != nil {
			return p, err
		}
		p.Channels = affordable(st.Channels, p.Guard.CostCapFen, prices)
	}
	if p.Offer == (content.Offer{}) {
		p.Offer = st.Offer
	}
	if p.Team == "" {
		p.Team = st.Team
	}
	return p, nil
}

// complete is the plan as it would be launched: with what it says, and what the draw sticks to.
func (s *Service) complete(ctx context.Context, c Campaign) (Plan, error) {
	p, err := s.fill(ctx, c.Plan)
	if err != nil {
		return p, err
	}
	if p.Content != "" {
		said, err := s.Contents.Get(ctx, p.Content)
		if err != nil {
			return p, err
		}
		draft := said.Draft()
		p.Says = &draft
	}
	p.Salt = p.Strategy
	if p.Salt == "" {
		p.Salt = c.ID
	}
	set, err := loadSetup(ctx, s.DB)
	if err != nil {
		return p, err
	}
	return p, p.check(set.channels.Enabled())
}

// Edit replaces the name and plan of a draft.
func (s *Service) Edit(ctx context.Context, campaignID, name string, plan Plan) (Campaign, error) {
	if strings.TrimSpace(name) == "" {
		return Campaign{}, errs.New(errs.Invalid, "campaign.no_name", "a campaign needs a name").At("name")
	}
	plan, err := s.fill(ctx, plan)
	if err != nil {
		return Campaign{}, err
	}
	var c Campaign
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		if c, err = byID(ctx, tx, campaignID); err != nil {
			return err
		}
		if c.State != Draft {
			return stale(c)
		}
		c.Name, c.Plan, c.UpdatedAt = strings.TrimSpace(name), plan, s.Now()
		text := paramsJSON(plan)
		n, err := tx.Exec(ctx, `UPDATE campaigns SET name = ?, plan = ?, updated_at = ? WHERE id = ? AND state = 'draft'`, c.Name, text, c.UpdatedAt, c.ID)
		if err == nil && n == 0 {
			return stale(c)
		}
		return err
	})
	return c, err
}

func stale(c Campaign) error {
	return errs.New(errs.Conflict, "campaign.state", "the campaign is %s", c.State).With("state", string(c.State))
}

// Launch schedules a draft: its audience is frozen and it begins to send at the instant, or at once when that is zero
// or past. From here on the plan does not change.
func (s *Service) Launch(ctx context.Context, campaignID string, at time.Time) (Campaign, error) {
	c, err := byID(ctx, s.DB, campaignID)
	if err != nil {
		return c, err
	}
	if c.State != Draft {
		return c, stale(c)
	}
	if c.Plan, err = s.complete(ctx, c); err != nil {
		return c, err
	}
	now := s.Now()
	if at.Before(now) {
		at = now
	}
	if !c.Plan.Deadline.IsZero() && c.Plan.Deadline.Before(at) {
		return c, errs.New(errs.Invalid, "campaign.deadline", "the deadline is before the start").At("plan.deadline")
	}
	err = s.change(ctx, campaignID, Scheduled, `plan = ?, scheduled_at = ?, note = NULL`, paramsJSON(c.Plan), at)
	if err != nil {
		return c, err
	}
	return byID(ctx, s.DB, campaignID)
}

// Unschedule makes a scheduled campaign a draft again.
func (s *Service) Unschedule(ctx context.Context, campaignID string) error {
	return s.change(ctx, campaignID, Draft, `scheduled_at = NULL`)
}

// Pause stops a campaign at once: what has not been handed over stays in its queue.
func (s *Service) Pause(ctx context.Context, campaignID string) error {
	return s.change(ctx, campaignID, Paused, "")
}

// Resume lets a paused campaign go on.
func (s *Service) Resume(ctx context.Context, campaignID string) error {
	return s.change(ctx, campaignID, Sending, `note = NULL`)
}

// Cancel ends a campaign for good: what has not been handed over never is.
func (s *Service) Cancel(ctx context.Context, campaignID string) error {
	return s.change(ctx, campaignID, Cancelled, `ended_at = ?, planned = ?`, s.Now(), true)
}

// Discard deletes a draft.
func (s *Service) Discard(ctx context.Context, campaignID string) error {
	n, err := s.DB.Exec(ctx, `DELETE FROM campaigns WHERE id = ? AND state = 'draft'`, campaignID)
	if err != nil || n == 1 {
		return err
	}
	c, err := byID(ctx, s.DB, campaignID)
	if err != nil {
		return err
	}
	return stale(c)
}

func (s *Service) change(ctx context.Context, campaignID string, to State, set string, args ...any) error {
	err := s.DB.Tx(ctx, func(tx *store.Tx) error {
		moved, err := move(ctx, tx, campaignID, to, s.Now(), set, args...)
		if err != nil || moved {
			return err
		}
		c, err := byID(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		return stale(c)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	if a := s.active[campaignID]; a != nil && to != Sending {
		a.stopped.Store(true) // workers look at it before every message
	}
	s.mu.Unlock()
	s.kick.ring()
	return nil
}

// Get returns one campaign.
func (s *Service) Get(ctx context.Context, campaignID string) (Campaign, error) {
	return byID(ctx, s.DB, campaignID)
}

// List returns a page of campaigns, newest first, and the cursor of the next.
func (s *Service) List(ctx context.Context, f Filter) ([]Campaign, string, error) {
	return list(ctx, s.DB, f)
}

// Count returns how many campaigns match the filter on all its pages.
func (s *Service) Count(ctx context.Context, f Filter) (int64, error) {
	return count(ctx, s.DB, f)
}

// Entry is a line of the log: a message and whom it is to.
type Entry struct {
	Message
	CustomerID string `json:"customer_id"`
	Person     string `json:"person" doc:"Name; empty when it is not known"`
}

// Messages returns a page of the log, by person, and the cursor of the next.
func (s *Service) Messages(ctx context.Context, f MessageFilter) ([]Entry, string, error) {
	rows, next, err := listMessages(ctx, s.DB, f)
	if err != nil || len(rows) == 0 {
		return []Entry{}, next, err
	}
	people, err := s.People.Reach(ctx, s.DB, customersOf(rows))
	out := make([]Entry, len(rows))
	for i, m := range rows {
		p := people[m.Customer]
		out[i] = Entry{Message: m, CustomerID: p.ID, Person: p.Name}
	}
	return out, next, err
}

// Progress is a campaign and how far it is.
type Progress struct {
	Campaign  Campaign          `json:"campaign"`
	Counts    []Count           `json:"counts"`
	Remaining int64             `json:"remaining" doc:"Planned messages that have not come to an end"`
	CostFen   int64             `json:"cost_fen" doc:"Messages sent, at today's price of their channel"`
	Waiting   map[string]string `json:"waiting" doc:"Channels that cannot be reached now, and why"`
}

// Progress returns how far a campaign is, from counters that every batch keeps.
func (s *Service) Progress(ctx context.Context, campaignID string) (Progress, error) {
	c, err := byID(ctx, s.DB, campaignID)
	if err != nil {
		return Progress{}, err
	}
	p := Progress{Campaign: c, Waiting: map[string]string{}}
	if p.Counts, err = countsOf(ctx, s.DB, campaignID); err != nil {
		return p, err
	}
	set, _, err := channel.Load(ctx, s.DB)
	if err != nil {
		return p, err
	}
	p.Remaining = remaining(p.Counts)
	for _, n := range p.Counts {
		if n.Step == stepSent {
			p.CostFen += n.N * set.CostFen(n.Channel)
		}
	}
	s.mu.Lock()
	for _, ch := range c.Plan.Channels {
		if why, ok := s.broken[ch]; ok && c.State == Sending {
			p.Waiting[ch] = why
		}
	}
	s.mu.Unlock()
	return p, nil
}

// Summaries returns the counts of several campaigns, for a list.
func (s *Service) Summaries(ctx context.Context, ids []string) (map[string][]Count, error) {
	var w store.Where
	store.In(&w, "campaign_id", ids)
	out := map[string][]Count{}
	err := store.Each(ctx, s.DB, `SELECT campaign_id, channel, step, reason, n FROM campaign_counts`+w.SQL()+` ORDER BY channel, step, reason`, w.Args(), func(r countRow) error {
		out[r.Campaign] = append(out[r.Campaign], r.Count)
		return nil
	})
	return out, err
}
