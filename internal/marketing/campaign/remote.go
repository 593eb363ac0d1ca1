package campaign

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/platform/store"
)

const (
	claimBatch  = 1000
	highWater   = 3000             // claimed and not recorded: what a queue may hold in memory
	maxAttempts = 6                // then a message has failed
	staleAfter  = 30 * time.Second // a claim that has waited this long goes back, and the policy is asked again
	flushAfter  = 50 * time.Millisecond
)

// backoff is how long to wait before a try, after so many failed: 15 s doubling to an hour, and up to half of that
// again by chance, so that messages which failed together do not come back together.
func backoff(failed int) time.Duration {
	d := min(15*time.Second<<min(failed-1, 12), time.Hour)
	return d + rand.N(d/2)
}

// remote is the queue of one remote channel: claims go through jobs to one worker per connection, and what became of
// them through results to one recorder.
type remote struct {
	s        *Service
	name     string
	channel  channel.Remote
	limiter  *rate.Limiter
	jobs     chan job
	results  chan outcome
	inFlight atomic.Int64
	down     atomic.Bool // the last dial failed
}

type job struct {
	claim
	values content.Values
	since  time.Time // machine's time: for staleness only
}

// runRemote works the queue of a channel and starts it anew when its settings change.
func (s *Service) runRemote(ctx context.Context, name string) error {
	return s.loop(ctx, name, func(ctx context.Context) (bool, error) {
		set := s.settings()
		if set.zone == nil || !slices.Contains(set.channels.Enabled(), name) || !s.wanted(name) {
			return false, nil
		}
		open, err := s.openRemote(set.channels, name)
		if err != nil {
			return false, err
		}
		q := &remote{s: s, name: name, channel: open}
		return false, q.work(ctx, set.version)
	})
}

// wanted reports whether any active campaign sends through the channel.
func (s *Service) wanted(name string) bool {
	return slices.ContainsFunc(s.snapshot(), func(a *active) bool { return a.sends(name) })
}

func (s *Service) openRemote(set channel.Settings, name string) (channel.Remote, error) {
	if name == channel.Email {
		return set.OpenEmail(s.Sealer)
	}
	return set.OpenWebhook(s.Sealer)
}

// work runs workers, recorder and claims until ctx ends, the settings change, or nothing is left to send for a while.
// It returns when all that was claimed has been recorded or put back.
func (q *remote) work(ctx context.Context, version int64) error {
	connections, perSecond := q.channel.Limits()
	q.limiter = rate.NewLimiter(rate.Inf, 1)
	if perSecond > 0 {
		q.limiter = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/10)))
	}
	q.jobs = make(chan job, highWater)
	q.results = make(chan outcome, highWater)
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var workers sync.WaitGroup
	for range max(1, connections) {
		workers.Go(func() { q.worker(inner) })
	}
	recorded := make(chan struct{})
	go func() {
		defer close(recorded)
		q.recorder(context.WithoutCancel(ctx))
	}()
	err := q.feed(inner, version, perSecond)
	stop() // workers give back what they have not begun, also those that wait for a destination nobody wants any more
	close(q.jobs)
	workers.Wait()
	close(q.results)
	<-recorded
	q.s.setBroken(q.name, "")
	return err
}

// feed claims batches while there is room; nil when there is nothing to do any more.
func (q *remote) feed(ctx context.Context, version int64, perSecond float64) error {
	limit := claimBatch
	if perSecond > 0 { // no more than leaves within half of what makes a claim stale
		limit = max(1, min(limit, int(perSecond*staleAfter.Seconds()/4)))
	}
	idle := time.Now()
	for ctx.Err() == nil {
		rung := q.s.kick.listen()
		set := q.s.settings()
		if set.version != version || time.Since(idle) > 10*time.Second && q.inFlight.Load() == 0 {
			return nil
		}
		claimed := 0
		if q.inFlight.Load() <= int64(highWater-limit) && (perSecond == 0 || q.inFlight.Load() < int64(limit)) && !q.down.Load() {
			var err error
			if claimed, err = q.claim(ctx, limit); err != nil {
				return err
			}
		}
		if claimed > 0 || q.inFlight.Load() > 0 {
			idle = time.Now()
		}
		if claimed == 0 {
			pause(ctx, rung, atRest)
		}
	}
	return nil
}

// claim marks a batch of every campaign as sending and hands it to the workers.
func (q *remote) claim(ctx context.Context, limit int) (int, error) {
	total := 0
	for _, a := range q.s.snapshot() {
		if !a.sends(q.name) || ctx.Err() != nil {
			continue
		}
		var claims []claim
		dealt := 0
		err := q.s.DB.Tx(ctx, func(tx *store.Tx) (err error) {
			claims, dealt, err = q.s.decideBatch(ctx, tx, a, q.name, limit, q.s.Now())
			if err != nil {
				return err
			}
			writes := groups{}
			for _, c := range claims {
				writes.add(c.ID, strconv.Itoa(int(c.Day)), `state = 'sending', claimed_by = ?, day = ?, reason = NULL, params = NULL`, q.s.journal.Worker(), c.Day)
			}
			return writes.write(ctx, tx)
		})
		if err != nil {
			return total, err
		}
		total += dealt
		if dealt > 0 && len(claims) < dealt {
			q.s.kick.ring() // refusals may have gone on to another channel, or ended the campaign
		}
		if len(claims) == 0 {
			continue
		}
		q.inFlight.Add(int64(len(claims)))
		values, err := q.s.Contents.ValuesFor(ctx, customersOf(claims), a.Plan.Offer)
		if err != nil {
			for _, c := range claims {
				q.results <- outcome{claim: c, returned: true}
			}
			return total, err
		}
		now := time.Now()
		for _, c := range claims {
			q.jobs <- job{c, values[c.Customer], now} // never blocks: room was made before claiming, and below highWater
		}
	}
	return total, nil
}

// worker hands jobs over through one connection.
func (q *remote) worker(ctx context.Context) {
	var conn channel.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close() // all it carried has been answered
		}
	}()
	for j := range q.jobs {
		if conn != nil && !conn.Alive() {
			_ = conn.Close()
			conn = nil
		}
		if conn == nil {
			conn = q.dial(ctx, j)
		}
		if conn == nil || j.a.stopped.Load() || ctx.Err() != nil || time.Since(j.since) > staleAfter || q.limiter.Wait(ctx) != nil || j.a.stopped.Load() {
			q.results <- outcome{claim: j.claim, returned: true}
			continue
		}
		q.results <- q.send(ctx, conn, j)
	}
}

func (q *remote) send(ctx context.Context, conn channel.Conn, j job) outcome {
	o := outcome{claim: j.claim}
	m, err := q.s.render(j.a, j.claim, j.values)
	if err != nil {
		o.failure = &channel.Failure{Reason: "content", Permanent: true, Detail: err.Error()}
		return o
	}
	var lost error
	begun := func() { lost = q.s.journal.Begun(m.ID) }
	// What has begun is finished, also when the process is asked to stop: the destination's timeout bounds it.
	err = conn.Send(context.WithoutCancel(ctx), m, begun)
	if err == nil {
		lost = errors.Join(lost, q.s.journal.Taken(m.ID))
		o.sent, o.delivered = true, true // the receiver has taken responsibility for it (RFC 5321, 6.1; a 2xx from a webhook)
	} else if !errors.As(err, &o.failure) {
		o.failure = &channel.Failure{Reason: "connection", Detail: err.Error()}
	}
	if lost != nil {
		q.s.Log.ErrorContext(ctx, "sending journal", "error", lost)
	}
	return o
}

// dial connects, waiting longer after every failure, for as long as the job is worth keeping; nil when it gave up.
func (q *remote) dial(ctx context.Context, j job) channel.Conn {
	wait := 200 * time.Millisecond
	for {
		conn, err := q.channel.Dial(ctx)
		if err == nil {
			q.down.Store(false)
			q.s.setBroken(q.name, "")
			return conn
		}
		if ctx.Err() != nil {
			return nil
		}
		q.down.Store(true)
		q.s.setBroken(q.name, err.Error())
		q.s.Log.WarnContext(ctx, "channel cannot be reached", "channel", q.name, "error", err)
		until := time.Now().Add(wait + rand.N(wait/2))
		for time.Now().Before(until) {
			if j.a.stopped.Load() || ctx.Err() != nil || time.Since(j.since) > staleAfter {
				q.down.Store(false) // the next claim tries again
				return nil
			}
			pause(ctx, nil, min(100*time.Millisecond, time.Until(until)))
		}
		wait = min(wait*2, 10*time.Second)
	}
}

// recorder writes outcomes a thousand at a time, or what there is after a moment; it tries until the store takes them.
func (q *remote) recorder(ctx context.Context) {
	var batch []outcome
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	flush := func() {
		for wait := 50 * time.Millisecond; len(batch) > 0; wait = min(wait*2, 5*time.Second) {
			err := q.s.DB.Tx(ctx, func(tx *store.Tx) error { return q.s.record(ctx, tx, batch, q.s.settings(), q.s.Now()) })
			if err == nil {
				break
			}
			q.s.Log.ErrorContext(ctx, "recording what was sent", "channel", q.name, "error", err)
			time.Sleep(wait)
		}
		left := q.inFlight.Add(-int64(len(batch)))
		batch = batch[:0]
		if left < highWater-claimBatch {
			q.s.kick.ring()
		}
	}
	for {
		select {
		case o, ok := <-q.results:
			if !ok {
				flush()
				return
			}
			if len(batch) == 0 {
				timer.Reset(flushAfter)
			}
			if batch = append(batch, o); len(batch) >= claimBatch {
				flush()
			}
		case <-timer.C:
			flush()
		}
	}
}

func (s *Service) setBroken(channel, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why == "" {
		delete(s.broken, channel)
		return
	}
	s.broken[channel] = why
}

// render writes a message for its person.
func (s *Service) render(a *active, c claim, values content.Values) (channel.Message, error) {
	m := channel.Message{
		ID: c.ID, Campaign: a.ID, Strategy: a.Plan.Strategy, Customer: c.Customer, CustomerID: c.person.ID, Name: c.person.Name, At: c.at,
	}
	envelope := content.Envelope{Brand: values["brand"]}
	switch c.Channel {
	case channel.Email:
		m.To = c.person.Email
		m.Links = channel.Links{Open: s.Signer.Open(c.ID), Unsubscribe: s.Signer.Unsubscribe(c.ID)}
		envelope.Pixel, envelope.Unsubscribe = m.Links.Open, m.Links.Unsubscribe
		envelope.Link = func(address string) string { return s.Signer.Click(c.ID, address) }
	case channel.Webhook:
		m.Links = channel.Links{Unsubscribe: s.Signer.Unsubscribe(c.ID)}
		envelope.Link = func(address string) string { return s.Signer.Click(c.ID, address) }
	}
	r, err := a.said[c.Channel].Render(values, envelope)
	if err != nil {
		return m, err
	}
	m.Body = channel.Body{Title: r.Subject, HTML: r.HTML, Text: r.Text, URL: r.URL, Action: r.Action}
	return m, nil
}
