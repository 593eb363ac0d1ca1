package campaign

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// claim is one message that the policy has allowed just now, with whom it is to.
type claim struct {
	Message
	a      *active
	person Person
	at     time.Time
}

// decideBatch takes up to limit messages of a campaign and channel that are due, asks the policy about every one, and
// writes what it said, all in the caller's transaction, of which Gate makes the only one that decides. It returns the
// allowed ones, counted against the caps but not yet marked, and how many rows it has dealt with.
func (s *Service) decideBatch(ctx context.Context, tx *store.Tx, a *active, ch string, limit int, now time.Time) ([]claim, int, error) {
	if err := policy.Gate(ctx, tx); err != nil {
		return nil, 0, err
	}
	rows, err := store.All[Message](ctx, tx, `SELECT * FROM messages WHERE campaign_id = ? AND channel = ? AND state = 'queued' AND due_at <= ?
		ORDER BY due_at LIMIT ?`, a.ID, ch, now, limit)
	if err != nil || len(rows) == 0 {
		return nil, 0, err
	}
	if still, err := store.One[int](ctx, tx, `SELECT COUNT(*) FROM campaigns WHERE id = ? AND state = 'sending'`, a.ID); err != nil || still == 0 {
		return nil, 0, err
	}
	set := s.settings()
	judge, err := s.judge(ctx, tx, a, ch, customersOf(rows), set, now)
	if err != nil {
		return nil, 0, err
	}
	var (
		allowed []claim
		taken   []policy.Contact
		writes  = groups{}
		counts  = map[countKey]int64{}
		facts   []event.Fact
		onward  []Message
	)
	for _, m := range rows {
		if held(m) {
			counts[countKey{a.ID, ch, stepHeld, m.Reason}]--
		}
		person, d := judge(m.Customer)
		switch d.Verdict {
		case policy.Allow:
			m.Day = d.Day
			allowed = append(allowed, claim{m, a, person, now})
			taken = append(taken, policy.Contact{Customer: m.Customer, Channel: ch, Day: d.Day, At: now})
		case policy.Hold:
			params := paramsText(d.Params)
			writes.add(m.ID, "hold "+d.Reason+params+d.Until.String(), `due_at = ?, reason = ?, params = ?`, d.Until, d.Reason, nullable(params))
			counts[countKey{a.ID, ch, stepHeld, d.Reason}]++
			f := s.fact(a, m, event.MessageHeld, now)
			f.ID += "." + d.Until.Format("20060102150405")
			f.Detail, f.Props = d.Reason, mustJSON(map[string]any{"until": d.Until})
			facts = append(facts, f)
		default:
			params := paramsText(d.Params)
			writes.add(m.ID, "refuse "+d.Reason+params, `state = 'refused', reason = ?, params = ?`, d.Reason, nullable(params))
			counts[countKey{a.ID, ch, stepRefused, d.Reason}]++
			f := s.fact(a, m, event.MessageRefused, now)
			f.Detail = d.Reason
			if params != "" {
				f.Props = json.RawMessage(params)
			}
			facts = append(facts, f)
			if n, ok := s.onward(a, m, now, set, d.Reason); ok {
				onward = append(onward, n)
			}
		}
	}
	if err := writes.write(ctx, tx); err != nil {
		return nil, 0, err
	}
	if err := policy.Take(ctx, tx, taken, set.zone); err != nil {
		return nil, 0, err
	}
	more, err := s.enqueue(ctx, tx, a, onward, counts)
	if err != nil {
		return nil, 0, err
	}
	if err := bump(ctx, tx, counts); err != nil {
		return nil, 0, err
	}
	return allowed, len(rows), outbox.Append(ctx, tx, append(facts, more...)...)
}

// judge loads what the policy needs to know about people and returns a function that decides about one of them; each
// allowed message counts at once, for the next of the same batch.
func (s *Service) judge(ctx context.Context, q store.Querier, a *active, ch string, customers []uint32, set setup, now time.Time) (func(uint32) (Person, policy.Decision), error) {
	people, err := s.People.Reach(ctx, q, customers)
	if err != nil {
		return nil, err
	}
	said, suppressed, err := s.Consents.States(ctx, q, ch, customers)
	if err != nil {
		return nil, err
	}
	sent, use, err := policy.Counts(ctx, q, ch, customers, set.zone, now)
	if err != nil {
		return nil, err
	}
	message := policy.Message{Channel: ch, Deadline: a.Plan.Deadline}
	return func(n uint32) (Person, policy.Decision) {
		p, known := people[n]
		zone, _ := clock.Zone(p.Zone) // none, or an unknown one, is nil: the business zone
		d := policy.Decide(policy.Person{
			Number: n, Zone: zone, Erased: p.Erased || !known, HasAddress: reachable(p, ch),
			Consent: policy.Consent(said[n]), Suppressed: suppressed[n], Excluded: a.in(n),
		}, message, policy.Counters{Person: sent[n], Channel: use}, set.rules, set.zone, now)
		if d.Verdict == policy.Allow {
			for p := range use {
				use[p]++
			}
			sent[n] = append(sent[n], policy.DayCount{Day: d.Day, Channel: ch, N: 1})
		}
		return p, d
	}, nil
}

func reachable(p Person, ch string) bool {
	switch ch {
	case channel.Email:
		return p.Email != ""
	case channel.Phone, channel.Task:
		return p.Phone != ""
	}
	return true
}

// personal reasons hold on every channel: there is no point in trying the next.
var personal = []string{policy.ReasonErased, policy.ReasonExcluded, policy.ReasonTooLate}

// onward is the message through the next enabled channel of the order, after one was refused or has failed for good.
func (s *Service) onward(a *active, m Message, now time.Time, set setup, reason string) (Message, bool) {
	if slices.Contains(personal, reason) {
		return Message{}, false
	}
	enabled := set.channels.Enabled()
	for step := stepOf(m.ID) + 1; step < len(a.Plan.Channels); step++ {
		ch := a.Plan.Channels[step]
		if slices.Contains(enabled, ch) {
			return Message{ID: MessageID(a.ID, m.Customer, step), Campaign: a.ID, Customer: m.Customer, Channel: ch, State: "queued", DueAt: now}, true
		}
	}
	return Message{}, false
}

// enqueue stores messages for a next channel and returns the facts that they were planned.
func (s *Service) enqueue(ctx context.Context, tx *store.Tx, a *active, messages []Message, counts map[countKey]int64) ([]event.Fact, error) {
	facts := make([]event.Fact, 0, len(messages))
	for _, m := range messages {
		counts[countKey{a.ID, m.Channel, stepPlanned, ""}]++
		facts = append(facts, s.fact(a, m, event.MessagePlanned, m.DueAt))
	}
	_, err := store.InsertAll(ctx, tx, "messages", messages, "")
	return facts, err
}

// stepLocal delivers one batch through a local channel, in the transaction that records it.
func (s *Service) stepLocal(ctx context.Context, ch string) (worked bool, err error) {
	set := s.settings()
	if !slices.Contains(set.channels.Enabled(), ch) {
		return false, nil
	}
	for _, a := range s.snapshot() {
		if !a.sends(ch) {
			continue
		}
		n := 0
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			now := s.Now()
			allowed, dealt, err := s.decideBatch(ctx, tx, a, ch, 500, now)
			n = dealt
			if err != nil || len(allowed) == 0 {
				return err
			}
			return s.deliverLocal(ctx, tx, a, ch, allowed, set, now)
		})
		if err != nil {
			return worked, err
		}
		if n > 0 {
			worked = true
			s.kick.ring()
		}
	}
	return worked, nil
}

func (a *active) sends(ch string) bool {
	return !a.stopped.Load() && a.State == Sending && a.Frozen && a.excluded != nil && slices.Contains(a.Plan.Channels, ch)
}

func (s *Service) deliverLocal(ctx context.Context, tx *store.Tx, a *active, ch string, claims []claim, set setup, now time.Time) error {
	values, err := s.Contents.ValuesFor(ctx, customersOf(claims), a.Plan.Offer)
	if err != nil {
		return err
	}
	var out []outcome
	var messages []channel.Message
	for _, c := range claims {
		m, err := s.render(a, c, values[c.Customer])
		if err != nil {
			out = append(out, outcome{claim: c, failure: &channel.Failure{Reason: "content", Permanent: true, Detail: err.Error()}})
			continue
		}
		messages = append(messages, m)
		out = append(out, outcome{claim: c, sent: true, delivered: ch != channel.Task}) // a task has reached nobody until staff say so
	}
	switch ch {
	case channel.Phone:
		err = channel.NewPhone(set.channels.Phone).Deliver(ctx, tx, messages)
	case channel.Task:
		err = s.Tasks.Order(ctx, tx, orders(a, claims, messages))
	}
	if err != nil {
		return err
	}
	return s.record(ctx, tx, out, set, now)
}

func orders(a *active, claims []claim, messages []channel.Message) []Order {
	people := make(map[uint32]Person, len(claims))
	for _, c := range claims {
		people[c.Customer] = c.person
	}
	out := make([]Order, len(messages))
	for i, m := range messages {
		p := people[m.Customer]
		out[i] = Order{Message: m.ID, Campaign: a.ID, Strategy: a.Plan.Strategy, Customer: m.Customer, Title: m.Body.Title, Text: m.Body.Text,
			Team: a.Plan.Team, Owner: p.Owner, At: m.At}
	}
	return out
}

// customersOf lists the customer numbers of rows or claims.
func customersOf[T interface{ who() uint32 }](rows []T) []uint32 {
	out := make([]uint32, len(rows))
	for i, r := range rows {
		out[i] = r.who()
	}
	return out
}

func (m Message) who() uint32 { return m.Customer }

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func mustJSON(v map[string]any) json.RawMessage { return json.RawMessage(paramsJSON(v)) }

// outcome is what became of a claim.
type outcome struct {
	claim
	sent      bool
	delivered bool
	returned  bool // not handed over, through no fault of its own: back into the queue as it was
	failure   *channel.Failure
}

// record writes what became of claims: rows, caps given back, counters, facts, bad addresses, and messages for the
// next channel, in one transaction.
func (s *Service) record(ctx context.Context, tx *store.Tx, outcomes []outcome, set setup, now time.Time) error {
	var (
		writes  = groups{}
		counts  = map[countKey]int64{}
		facts   []event.Fact
		back    []policy.Contact
		bounced = map[string][]uint32{}
		onward  = map[*active][]Message{}
	)
	for _, o := range outcomes {
		a, m := o.a, o.Message
		if !o.sent {
			back = append(back, policy.Contact{Customer: m.Customer, Channel: m.Channel, Day: m.Day, At: o.at})
		}
		switch {
		case o.sent:
			writes.add(m.ID, "sent", `state = 'sent', sent_at = ?, claimed_by = NULL, reason = NULL, params = NULL`, now)
			counts[countKey{a.ID, m.Channel, stepSent, ""}]++
			f := s.fact(a, m, event.MessageSent, now)
			f.Amount = set.channels.CostFen(m.Channel)
			facts = append(facts, f)
			if o.delivered {
				counts[countKey{a.ID, m.Channel, stepDelivered, ""}]++
				facts = append(facts, s.fact(a, m, event.MessageDelivered, now))
			}
		case o.returned:
			writes.add(m.ID, "returned", `state = 'queued', claimed_by = NULL`)
		case !o.failure.Permanent && m.Attempts+1 < maxAttempts:
			due := now.Add(backoff(m.Attempts + 1)).Truncate(time.Second)
			writes.add(m.ID, "retry "+o.failure.Reason+due.String(), `state = 'queued', claimed_by = NULL, attempts = attempts + 1, due_at = ?, reason = ?, params = ?`,
				due, o.failure.Reason, nullable(detail(o.failure)))
		default:
			writes.add(m.ID, "failed "+o.failure.Reason+o.failure.Detail, `state = 'failed', claimed_by = NULL, attempts = attempts + 1, reason = ?, params = ?`,
				o.failure.Reason, nullable(detail(o.failure)))
			counts[countKey{a.ID, m.Channel, stepFailed, o.failure.Reason}]++
			f := s.fact(a, m, event.MessageFailed, now)
			f.Detail = o.failure.Reason
			facts = append(facts, f)
			if o.failure.Bounced {
				bounced[m.Channel] = append(bounced[m.Channel], m.Customer)
			}
			if n, ok := s.onward(a, m, now, set, o.failure.Reason); ok {
				onward[a] = append(onward[a], n)
			}
		}
	}
	if err := writes.write(ctx, tx); err != nil {
		return err
	}
	if err := policy.GiveBack(ctx, tx, back, set.zone); err != nil {
		return err
	}
	for _, ch := range slices.Sorted(maps.Keys(bounced)) {
		if err := s.Consents.SuppressTx(ctx, tx, ch, "bounced", bounced[ch]...); err != nil {
			return err
		}
	}
	for a, messages := range onward {
		more, err := s.enqueue(ctx, tx, a, messages, counts)
		if err != nil {
			return err
		}
		facts = append(facts, more...)
	}
	if err := bump(ctx, tx, counts); err != nil {
		return err
	}
	return outbox.Append(ctx, tx, facts...)
}

func detail(f *channel.Failure) string {
	if f.Detail == "" {
		return ""
	}
	return paramsText(map[string]any{"detail": f.Detail})
}
