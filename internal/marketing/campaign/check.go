package campaign

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/experiment"
	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/errs"
)

// sampleMost is how many people a forecast asks the policy about; beyond it, a sample stands for all.
const sampleMost = 20_000

// Forecast is what would happen if a plan were launched at an instant.
type Forecast struct {
	Audience   int64            `json:"audience"`
	Reach      int64            `json:"reach"`
	Holdout    int64            `json:"holdout"`
	Spared     int64            `json:"spared" doc:"People whom the strategy's guardrails leave out before the draw"`
	Allowed    int64            `json:"allowed" doc:"People who would get a message at once"`
	Held       int64            `json:"held" doc:"People whose message would wait for its hour"`
	HeldUntil  time.Time        `json:"held_until,omitzero" doc:"When the first of the held would go"`
	Refused    int64            `json:"refused" doc:"People whom no channel may reach"`
	Reasons    []Count          `json:"reasons" doc:"Refusals and holds by channel and reason; a person may be in several"`
	Channels   map[string]int64 `json:"channels" doc:"People by the channel that would reach them, now or later"`
	CostFen    int64            `json:"cost_fen"`
	Sampled    int64            `json:"sampled" doc:"How many people the policy was asked about"`
	IsEstimate bool             `json:"is_estimate" doc:"The policy was asked about a sample and the rest scaled"`
	Missing    []string         `json:"missing_channels" doc:"Channels of the plan that are not set up"`
}

// Forecast asks the policy about everybody a plan would reach, without writing anything.
func (s *Service) Forecast(ctx context.Context, plan Plan, campaignID string, at time.Time) (Forecast, error) {
	f := Forecast{Reasons: []Count{}, Channels: map[string]int64{}, Missing: []string{}}
	plan, err := s.fill(ctx, plan)
	if err != nil {
		return f, err
	}
	if plan.Salt = plan.Strategy; plan.Salt == "" {
		plan.Salt = campaignID
	}
	set, err := loadSetup(ctx, s.DB)
	if err != nil {
		return f, err
	}
	if now := s.Now(); at.Before(now) {
		at = now
	}
	people, err := s.Audience.Resolve(ctx, plan.Audience.Kind, plan.Audience.ID)
	if err != nil {
		return f, err
	}
	people.Remove(0)
	if f.Spared, err = s.spare(ctx, plan, people, at); err != nil {
		return f, err
	}
	f.Audience = int64(people.GetCardinality())
	sample := split(people, plan, &f)
	a := &active{Campaign: Campaign{Plan: plan}}
	if a.excluded, err = s.exclusionsOf(ctx, set.rules, plan); err != nil {
		return f, err
	}
	for _, c := range plan.Channels {
		if !slices.Contains(set.channels.Enabled(), c) {
			f.Missing = append(f.Missing, c)
		}
	}
	reasons := map[countKey]int64{}
	for batch := range slices.Chunk(sample, 2000) {
		if err := s.forecast(ctx, a, batch, set, at, &f, reasons); err != nil {
			return f, err
		}
	}
	f.scale(reasons)
	for ch, n := range f.Channels {
		f.CostFen += n * set.channels.CostFen(ch)
	}
	return f, nil
}

// split counts arms and returns those to be reached, or an even sample of them.
func split(people *roaring.Bitmap, plan Plan, f *Forecast) []uint32 {
	var reach []uint32
	every := max(1, int(people.GetCardinality())/sampleMost)
	it := people.Iterator()
	for i := 0; it.HasNext(); i++ {
		n := it.Next()
		if experiment.Assign(plan.Salt, n, plan.HoldoutPct) == experiment.Holdout {
			f.Holdout++
			continue
		}
		f.Reach++
		if i%every == 0 {
			reach = append(reach, n)
		}
	}
	f.Sampled, f.IsEstimate = int64(len(reach)), every > 1
	return reach
}

// forecast follows a batch of people through the channels of the plan.
func (s *Service) forecast(ctx context.Context, a *active, batch []uint32, set setup, at time.Time, f *Forecast, reasons map[countKey]int64) error {
	left := batch
	for _, ch := range a.Plan.Channels {
		if len(left) == 0 || slices.Contains(f.Missing, ch) {
			continue
		}
		judge, err := s.judge(ctx, s.DB, a, ch, left, set, at)
		if err != nil {
			return err
		}
		var onward []uint32
		for _, n := range left {
			_, d := judge(n)
			switch d.Verdict {
			case policy.Allow:
				f.Allowed++
				f.Channels[ch]++
			case policy.Hold:
				f.Held++
				f.Channels[ch]++
				reasons[countKey{channel: ch, step: stepHeld, reason: d.Reason}]++
				if f.HeldUntil.IsZero() || d.Until.Before(f.HeldUntil) {
					f.HeldUntil = d.Until
				}
			default:
				reasons[countKey{channel: ch, step: stepRefused, reason: d.Reason}]++
				if !slices.Contains(personal, d.Reason) {
					onward = append(onward, n)
					continue
				}
				f.Refused++
			}
		}
		left = onward
	}
	f.Refused += int64(len(left))
	return nil
}

// scale turns what was found in the sample into what is expected of all.
func (f *Forecast) scale(reasons map[countKey]int64) {
	up := func(n int64) int64 {
		if f.Sampled == 0 || !f.IsEstimate {
			return n
		}
		return (n*f.Reach + f.Sampled/2) / f.Sampled
	}
	for k, n := range reasons {
		f.Reasons = append(f.Reasons, Count{Channel: k.channel, Step: k.step, Reason: k.reason, N: up(n)})
	}
	slices.SortFunc(f.Reasons, func(a, b Count) int { return int(b.N - a.N) })
	f.Held, f.Refused = up(f.Held), up(f.Refused)
	f.Allowed = f.Reach - f.Held - f.Refused
	for ch, n := range f.Channels {
		f.Channels[ch] = up(n)
	}
}

// Look is a campaign's message as one person would get it through a channel.
type Look struct {
	Channel string `json:"channel"`
	content.Rendered
	Person string `json:"person" doc:"Customer id of the person it was rendered for"`
	Name   string `json:"name"`
}

// Preview renders what a plan says, for a person of its audience or for the given one, on each of its channels.
func (s *Service) Preview(ctx context.Context, plan Plan, customer uint32) ([]Look, error) {
	plan, err := s.fill(ctx, plan)
	if err != nil {
		return nil, err
	}
	draft, err := s.draft(ctx, plan)
	if err != nil {
		return nil, err
	}
	if customer == 0 {
		people, err := s.Audience.Resolve(ctx, plan.Audience.Kind, plan.Audience.ID)
		if err != nil {
			return nil, err
		}
		people.Remove(0)
		if people.IsEmpty() {
			return []Look{}, nil
		}
		customer = people.Minimum()
	}
	known, err := s.People.Reach(ctx, s.DB, []uint32{customer})
	if err != nil {
		return nil, err
	}
	values, err := s.Contents.ValuesFor(ctx, []uint32{customer}, plan.Offer)
	if err != nil {
		return nil, err
	}
	out := []Look{}
	for _, ch := range plan.Channels {
		body, err := draft.For(ch, plan.language())
		if err != nil {
			return nil, err
		}
		r, err := body.Render(values[customer], content.Envelope{Brand: values[customer]["brand"]})
		if err != nil {
			return nil, err
		}
		out = append(out, Look{Channel: ch, Rendered: r, Person: known[customer].ID, Name: known[customer].Name})
	}
	return out, nil
}

func (s *Service) draft(ctx context.Context, plan Plan) (content.Draft, error) {
	if plan.Says != nil {
		return *plan.Says, nil
	}
	if plan.Content == "" {
		return content.Draft{}, errs.New(errs.Invalid, "campaign.no_content", "choose a strategy or a content").At("plan.content")
	}
	said, err := s.Contents.Get(ctx, plan.Content)
	return said.Draft(), err
}

// TestSend sends what a plan says to the operator: by e-mail to the address, or to the webhook, marked as a test. It
// asks no policy, is counted nowhere, and its links lead nowhere but where the content says.
func (s *Service) TestSend(ctx context.Context, plan Plan, ch, to string) error {
	looks, err := s.Preview(ctx, plan, 0)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(looks, func(l Look) bool { return l.Channel == ch })
	if i < 0 {
		return errs.New(errs.Invalid, "campaign.nobody", "the audience is empty, or the plan has no such channel")
	}
	prefix := "[测试] "
	if plan.language() == "en" {
		prefix = "[Test] "
	}
	r := looks[i].Rendered
	return s.trial(ctx, ch, to, channel.Body{Title: prefix + r.Subject, HTML: r.HTML, Text: r.Text, URL: r.URL, Action: r.Action})
}

// TestChannel sends a line through a channel's stored settings, so that an operator sees that they work.
func (s *Service) TestChannel(ctx context.Context, ch, to string) error {
	return s.trial(ctx, ch, to, channel.Body{Title: "Huoshui 活水", Text: "通道可用。This channel works."})
}

func (s *Service) trial(ctx context.Context, ch, to string, body channel.Body) error {
	set, _, err := channel.Load(ctx, s.DB)
	if err != nil {
		return err
	}
	if ch != channel.Email && ch != channel.Webhook || !slices.Contains(set.Enabled(), ch) {
		return errs.New(errs.Invalid, "channel.no_test", "only e-mail and webhook can be tried out, once they are set up").At("channel")
	}
	open, err := s.openRemote(set, ch)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := open.Dial(ctx)
	if err != nil {
		return trialError(err)
	}
	defer func() { _ = conn.Close() }() // a trial is over either way
	now := s.Now()
	m := channel.Message{ID: "test_" + now.Format("20060102T150405.000000"), CustomerID: "test", To: to, Body: body, At: now}
	if err := conn.Send(ctx, m, func() {}); err != nil {
		return trialError(err)
	}
	return nil
}

// trialError shows the operator what the other side said: it is her server, and the answer is what she needs.
func trialError(err error) error {
	return errs.New(errs.Unavailable, "channel.test_failed", "%s", err.Error()).With("detail", err.Error())
}
