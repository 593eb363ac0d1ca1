package demo

import (
	"context"
	"time"

	"huoshui/internal/platform/errs"
)

// MaxAdvance is the most days one call may go on.
const MaxAdvance = 120

// cuts are the hours of a business day at which the brand looks up from its work: campaigns that are due go out, and
// people hear of what was sent. The last one ends the day.
var cuts = [...]int{10, 14, 18, 24}

// Advance lets days pass: people visit, buy, open, click and leave, campaigns that come due are sent, and layers are
// computed anew every night. It ends on the last day at ten in the morning. One advance runs at a time: Conflict.
func (s *Service) Advance(ctx context.Context, days int) error {
	if err := s.begin(days); err != nil {
		return err
	}
	return s.finish(s.advance(ctx, days))
}

// Start is Advance in the background, until it is done or ctx ends.
func (s *Service) Start(ctx context.Context, days int) error {
	if err := s.begin(days); err != nil {
		return err
	}
	go func() {
		if err := s.finish(s.advance(ctx, days)); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "demo advance", "error", err)
		}
	}()
	return nil
}

func (s *Service) begin(days int) error {
	if days < 1 || days > MaxAdvance {
		return errs.New(errs.Invalid, "demo.days", "days must be between 1 and %d", MaxAdvance).At("days").With("max", MaxAdvance)
	}
	s.show.Lock()
	defer s.show.Unlock()
	if s.person == nil {
		return errs.New(errs.Unavailable, "demo.not_ready", "the demo brand is still being made")
	}
	if s.progress.Running {
		return errs.New(errs.Conflict, "demo.running", "days are passing already")
	}
	s.progress = Progress{Running: true, Days: days, Stage: "living"}
	return nil
}

func (s *Service) finish(err error) error {
	s.note(func(p *Progress) {
		p.Running, p.Stage = false, "idle"
		if err != nil {
			p.Error = "stopped early; the server's log says why"
		}
	})
	return err
}

func (s *Service) note(change func(*Progress)) {
	s.show.Lock()
	change(&s.progress)
	s.show.Unlock()
}

func (s *Service) advance(ctx context.Context, days int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	target := midnight(s.clock.Now()).AddDate(0, 0, days).Add(openAt * time.Hour)
	last := midnight(s.clock.Now())
	for s.world.Now().Before(target) {
		if err := ctx.Err(); err != nil {
			return err
		}
		until := nextCut(s.world.Now())
		if err := s.live(ctx, until); err != nil {
			return err
		}
		s.turn(until)
		if midnight(until).Equal(until) { // the day is over
			if err := s.settle(ctx); err != nil {
				return err
			}
		} else {
			s.note(func(p *Progress) { p.Stage = "sending" })
			if err := s.doors.Loop.Due(ctx); err != nil {
				return err
			}
		}
		done := int(midnight(s.world.Now()).Sub(last).Hours() / 24)
		s.note(func(p *Progress) { p.Day, p.Stage = done, "living" })
	}
	return s.settle(ctx)
}

func nextCut(t time.Time) time.Time {
	day := midnight(t)
	for _, h := range cuts {
		if cut := day.Add(time.Duration(h) * time.Hour); cut.After(t) {
			return cut
		}
	}
	panic("demo: a day without an end")
}

// turn sets the clock forward to an instant, never back.
func (s *Service) turn(to time.Time) {
	if d := to.Sub(s.clock.Now()); d > 0 {
		s.clock.SetOffset(s.clock.Offset() + d)
	}
}

// live lets everybody live until an instant of the same day. What they do with messages happens there and then, at
// its time; what a shop system would export (orders, newcomers) and visits wait for settle.
func (s *Service) live(ctx context.Context, until time.Time) error {
	if err := s.hear(ctx); err != nil {
		return err
	}
	acts := s.world.Step(until)
	opens, orders := 0, 0
	for _, a := range acts {
		switch a.Kind {
		case Register:
			s.owed.came = append(s.owed.came, a.Person)
		case Visit:
			s.owed.visits = append(s.owed.visits, a)
		case Buy, Return:
			s.owed.orders = append(s.owed.orders, a)
			orders++
		case Open:
			opens++
		}
		if err := s.act(ctx, a); err != nil {
			return err
		}
	}
	s.note(func(p *Progress) { p.Orders += orders; p.Opens += opens })
	return nil
}

// ledger is what has happened in the world and is not in the product yet.
type ledger struct {
	came           []int
	orders, visits []Act
}

// settle brings the day's orders, newcomers and visits into the product, and writes down where the world stands.
func (s *Service) settle(ctx context.Context) error {
	if err := s.hand(ctx, s.owed.came, s.owed.orders); err != nil {
		return err
	}
	if len(s.owed.came) > 0 {
		if err := s.meet(ctx); err != nil {
			return err
		}
	}
	if err := s.tell(ctx); err != nil {
		return err
	}
	if err := s.keep(ctx, true, s.owed.visits...); err != nil {
		return err
	}
	s.owed = ledger{}
	s.note(func(p *Progress) { p.Stage = "refreshing" })
	return s.doors.Loop.Refresh(ctx)
}

// hear tells the world what has reached people since it last heard.
func (s *Service) hear(ctx context.Context) error {
	now := s.clock.Now()
	messages, err := s.doors.Reach.ReachedBetween(ctx, s.heard, now)
	if err != nil {
		return err
	}
	nth := map[int]int{}
	for _, m := range messages {
		i, ours := s.person[m.Customer]
		if !ours {
			continue // somebody the operator imported: not of this world
		}
		nth[i]++
		s.world.Heard(i, m.ID, dayNumber(m.At)*1000+m.At.In(Zone).Hour()*40+nth[i], Appeal{m.Layer, m.Channel, m.Benefit}, m.At)
	}
	s.heard = now
	return nil
}

// hand reports newcomers and orders as the brand's shop systems would.
func (s *Service) hand(ctx context.Context, came []int, orders []Act) error {
	if len(came)+len(orders) == 0 {
		return nil
	}
	newcomers := make([]Newcomer, len(came))
	for n, i := range came {
		newcomers[n] = s.world.newcomer(i)
	}
	sales := make([]Sale, len(orders))
	for n, a := range orders {
		sales[n] = saleOf(a)
	}
	return s.doors.Shop.Record(ctx, newcomers, sales)
}

func saleOf(a Act) Sale {
	shop := shops[a.Shop]
	sale := Sale{Number: a.Number, Channel: shop.Channel, Store: shop.Code, Card: Key(a.Person), At: a.At, Return: a.Kind == Return}
	for _, l := range a.Lines {
		it := products[l.Product]
		sale.Lines = append(sale.Lines, SaleLine{it.SKU, it.Name, it.Category, int64(l.Quantity), int64(l.Quantity) * l.Fen})
	}
	return sale
}

// act does, at its time, what a person does with a message. A door that is closed by now (the message was withdrawn,
// the task is done already) is no reason for time to stand still.
func (s *Service) act(ctx context.Context, a Act) error {
	var err error
	switch a.Kind {
	case Open:
		s.turn(a.At)
		err = s.doors.Reach.Open(ctx, a.Message)
	case Click:
		s.turn(a.At)
		err = s.doors.Reach.Click(ctx, a.Message)
	case Leave:
		s.turn(a.At)
		err = s.doors.Reach.Leave(ctx, a.Message)
	case Answer:
		s.turn(a.At)
		err = s.doors.Reach.Answer(ctx, a.Message, a.Done)
	}
	switch errs.KindOf(err) {
	case errs.NotFound, errs.Conflict, errs.Invalid:
		return nil
	}
	return err
}
