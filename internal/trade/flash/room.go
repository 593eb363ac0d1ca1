package flash

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/inventory"
)

// Times and limits of waiting rooms.
const (
	OpensBefore = 10 * time.Minute // a room can be entered so long before its sale begins
	AdmittedFor = 3 * time.Minute  // who is admitted orders within this
	Patience    = time.Minute      // who does not ask for so long is away, and loses her place
	MostWaiting = 100_000          // who comes after so many is told to come back
	fresh       = 300 * time.Millisecond
	flushEvery  = 2 * time.Second
	rateOver    = time.Minute
)

// How a person stands in a waiting room.
const (
	Waiting  = "waiting"
	Admitted = "admitted" // she may order until then; a unit is kept for her
	Bought   = "bought"
	Left     = "left"     // she was away, or did not order in time; she may come again, at the end
	SoldOut  = "sold_out" // nothing is left for anybody who waits; it opens again when somebody does not pay
	Ended    = "ended"
	Outside  = "outside" // she has not come in
)

// Standing is where a person stands, as it is: nothing in it is made up to keep her.
type Standing struct {
	Flash       string    `json:"flash"`
	State       string    `json:"state" enum:"waiting,admitted,bought,left,sold_out,ended,outside"`
	Ahead       int64     `json:"ahead" doc:"People before her"`
	Waiting     int64     `json:"waiting" doc:"People who wait in all"`
	Left        int64     `json:"left" doc:"Units that no order holds"`
	WaitSeconds int64     `json:"wait_seconds" doc:"At the pace of the last minute; -1 where that is not known"`
	Until       time.Time `json:"until,omitzero" doc:"Admitted: she may order until then"`
	StartsAt    time.Time `json:"starts_at"`
	EndsAt      time.Time `json:"ends_at"`
	Now         time.Time `json:"now" doc:"The store's clock"`
	AskAfter    int64     `json:"ask_after" doc:"Seconds after which to ask again; asking sooner changes nothing"`
}

// ticket is a person's place. It is kept here and nowhere else: who asks from many pages has one.
type ticket struct {
	Flash      string    `db:"flash"`
	Customer   uint32    `db:"customer"`
	Place      int64     `db:"place"`
	State      string    `db:"state"`
	ArrivedAt  time.Time `db:"arrived_at"`
	SeenAt     time.Time `db:"seen_at"`
	AdmittedAt time.Time `db:"admitted_at"`
	Until      time.Time `db:"until"`
}

// view is what all who wait for one sale see, read once for all of them.
type view struct {
	at      time.Time
	sale    Sale
	left    int64
	places  []int64 // of those who wait, in order
	recents int64   // admitted in the last rateOver
}

// arrivals are people who come in together: they share one transaction, in the order in which they came.
type arrivals struct {
	who  []uint32
	had  map[uint32]bool
	done chan struct{}
	err  error
}

// room is what one process keeps of waiting rooms; everything that counts is in the database.
type room struct {
	mu      sync.Mutex
	open    map[string]*arrivals
	views   map[string]*view
	seen    map[string]map[uint32]bool
	flushed time.Time
	writing sync.Mutex // one batch of arrivals is written at a time, while the next gathers
	looking sync.Mutex
}

func newRoom() *room {
	return &room{open: map[string]*arrivals{}, views: map[string]*view{}, seen: map[string]map[uint32]bool{}}
}

// Join gives a person a place at the end, and tells where she stands. Who has a place keeps it, however often she asks and from
// however many pages. A sale without a room, or one that has not opened yet, is a Conflict; so is a person who has all she may.
func (s *Service) Join(ctx context.Context, flash string, customer uint32) (Standing, error) {
	v, err := s.view(ctx, flash)
	if err != nil {
		return Standing{}, err
	}
	now := s.now()
	if v.sale.AtOnce == 0 {
		return Standing{}, errs.New(errs.Conflict, "flash.no_room", "this sale has no waiting room")
	}
	if v.sale.Stopped || !now.Before(v.sale.EndsAt) {
		return s.standing(v, ticket{State: Outside}, now), nil
	}
	if now.Before(v.sale.StartsAt.Add(-OpensBefore)) {
		return Standing{}, errs.New(errs.Conflict, "flash.not_yet", "the waiting room is not open yet").With("opens_at", v.sale.StartsAt.Add(-OpensBefore))
	}
	t, err := ticketOf(ctx, s.db, flash, customer)
	if err != nil {
		return Standing{}, err
	}
	if t.State == Waiting || t.State == Admitted && now.Before(t.Until) {
		return s.stand(ctx, v, t, now)
	}
	had, err := store.One[int64](ctx, s.db, `SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) FROM flash_people WHERE flash = ? AND customer = ?`, flash, int64(customer))
	if err != nil {
		return Standing{}, err
	}
	if had >= v.sale.PerPerson {
		return Standing{}, errs.New(errs.Conflict, "flash.enough", "you have as many at this price as one person may").With("flash", flash)
	}
	if v.left <= 0 {
		return s.standing(v, t, now), nil
	}
	if len(v.places) >= MostWaiting {
		return Standing{}, errs.New(errs.Limited, "flash.room_full", "too many people wait already").With("retry_after", 30)
	}
	if err := s.arrive(ctx, flash, customer); err != nil {
		return Standing{}, err
	}
	if t, err = ticketOf(ctx, s.db, flash, customer); err != nil {
		return Standing{}, err
	}
	return s.stand(ctx, v, t, now)
}

// Stand tells where a person stands, and that she is there.
func (s *Service) Stand(ctx context.Context, flash string, customer uint32) (Standing, error) {
	v, err := s.view(ctx, flash)
	if err != nil {
		return Standing{}, err
	}
	t, err := ticketOf(ctx, s.db, flash, customer)
	if err != nil {
		return Standing{}, err
	}
	return s.stand(ctx, v, t, s.now())
}

// Quit gives a place up, and the unit that was kept with it.
func (s *Service) Quit(ctx context.Context, flash string, customer uint32) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error { return out(ctx, tx, flash, customer) })
}

// out takes a person out of a room.
func out(ctx context.Context, tx *store.Tx, flash string, customer uint32) error {
	if err := lock(ctx, tx, flash); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE flash_queue SET state = 'left' WHERE flash = ? AND customer = ? AND state = 'admitted'`, flash, int64(customer))
	if err == nil && n > 0 {
		_, err = tx.Exec(ctx, `UPDATE flash_sales SET admitted = admitted - ? WHERE id = ?`, n, flash)
	}
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE flash_queue SET state = 'left' WHERE flash = ? AND customer = ? AND state = 'waiting'`, flash, int64(customer))
	}
	return err
}

// lock holds a sale until the transaction ends; rows of its queue are touched after it only.
func lock(ctx context.Context, tx *store.Tx, flash string) error {
	_, err := tx.Exec(ctx, `UPDATE flash_sales SET admitted = admitted WHERE id = ?`, flash)
	return err
}

func ticketOf(ctx context.Context, q store.Querier, flash string, customer uint32) (ticket, error) {
	t, err := store.One[ticket](ctx, q, `SELECT * FROM flash_queue WHERE flash = ? AND customer = ?`, flash, int64(customer))
	if errs.Is(err, errs.NotFound) {
		return ticket{Flash: flash, Customer: customer, State: Outside}, nil
	}
	return t, err
}

// stand notes that a person is there.
func (s *Service) stand(ctx context.Context, v *view, t ticket, now time.Time) (Standing, error) {
	if t.State == Waiting {
		s.room.mu.Lock()
		if s.room.seen[t.Flash] == nil {
			s.room.seen[t.Flash] = map[uint32]bool{}
		}
		s.room.seen[t.Flash][t.Customer] = true
		s.room.mu.Unlock()
		if err := s.flush(ctx, now); err != nil {
			return Standing{}, err
		}
	}
	return s.standing(v, t, now), nil
}

// flush writes who was seen, at most every flushEvery.
func (s *Service) flush(ctx context.Context, now time.Time) error {
	r := s.room
	r.mu.Lock()
	if now.Sub(r.flushed) < flushEvery {
		r.mu.Unlock()
		return nil
	}
	seen := r.seen
	r.seen, r.flushed = map[string]map[uint32]bool{}, now
	r.mu.Unlock()
	for flash, people := range seen {
		all := make([]int64, 0, len(people))
		for c := range people {
			all = append(all, int64(c))
		}
		slices.Sort(all)
		for part := range slices.Chunk(all, 1000) {
			var w store.Where
			w.And("flash = ? AND state = 'waiting'", flash)
			store.In(&w, "customer", part)
			err := s.db.Tx(ctx, func(tx *store.Tx) error {
				if err := lock(ctx, tx, flash); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, `UPDATE flash_queue SET seen_at = ?`+w.SQL(), append([]any{now}, w.Args()...)...)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) standing(v *view, t ticket, now time.Time) Standing {
	at := Standing{Flash: v.sale.ID, State: t.State, Left: max(v.left, 0), Waiting: int64(len(v.places)), WaitSeconds: -1, StartsAt: v.sale.StartsAt, EndsAt: v.sale.EndsAt, Now: now, AskAfter: 5}
	over := v.sale.Stopped || !now.Before(v.sale.EndsAt)
	switch {
	case t.State == Bought:
		at.AskAfter = 60
	case over:
		at.State, at.AskAfter = Ended, 60
	case t.State == Admitted && now.Before(t.Until):
		at.Until = t.Until
	case v.left <= 0:
		at.State, at.AskAfter = SoldOut, 30
	case t.State == Admitted: // her time is over, though nobody has written that down yet
		at.State = Left
	case t.State == Waiting:
		i, _ := slices.BinarySearch(v.places, t.Place)
		at.Ahead = int64(i)
		if i == len(v.places) { // she came after the others were counted
			at.Waiting++
		}
		if v.recents > 0 && !now.Before(v.sale.StartsAt) {
			at.WaitSeconds = (at.Ahead*int64(rateOver/time.Second) + v.recents - 1) / v.recents
		}
		switch { // some thousand questions a second, however many wait
		case at.Ahead < max(v.sale.AtOnce, 20):
			at.AskAfter = 1
		case at.Ahead < 5000:
			at.AskAfter = 2
		case at.Ahead < 30_000:
			at.AskAfter = 5
		default:
			at.AskAfter = 15
		}
	}
	return at
}

// view returns what all see of a sale, at most fresh old.
func (s *Service) view(ctx context.Context, flash string) (*view, error) {
	now := s.now()
	if v := s.room.have(flash, now); v != nil {
		return v, nil
	}
	s.room.looking.Lock()
	defer s.room.looking.Unlock()
	if v := s.room.have(flash, now); v != nil {
		return v, nil
	}
	v := &view{at: now}
	err := s.db.Snapshot(ctx, func(q store.Querier) (err error) {
		if v.sale, v.left, err = state(ctx, q, flash); err != nil {
			return err
		}
		if v.places, err = store.All[int64](ctx, q, `SELECT place FROM flash_queue WHERE flash = ? AND state = 'waiting' ORDER BY place LIMIT ?`, flash, MostWaiting); err != nil {
			return err
		}
		v.recents, err = store.One[int64](ctx, q, `SELECT COUNT(*) FROM flash_queue WHERE flash = ? AND admitted_at > ?`, flash, now.Add(-rateOver))
		return err
	})
	if err != nil {
		return nil, err
	}
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	for id, old := range s.room.views { // what nobody looks at is forgotten
		if now.Sub(old.at) > Patience {
			delete(s.room.views, id)
		}
	}
	s.room.views[flash] = v
	return v, nil
}

func (r *room) have(flash string, now time.Time) *view {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.views[flash]; v != nil && now.Sub(v.at) < fresh {
		return v
	}
	return nil
}

// state reads a sale and how many of its units no order holds, for want of the sale's units or of the stock.
func state(ctx context.Context, q store.Querier, flash string) (Sale, int64, error) {
	sale, err := store.One[Sale](ctx, q, `SELECT * FROM flash_sales WHERE id = ?`, flash)
	if err != nil {
		if errs.Is(err, errs.NotFound) {
			err = errs.New(errs.NotFound, "flash.not_found", "there is no flash sale %q", flash)
		}
		return sale, 0, err
	}
	levels, err := inventory.Levels(ctx, q, inventory.Online, []string{sale.SKU})
	return sale, min(sale.Units-sale.Taken, levels[sale.SKU].Free()), err
}

// arrive gives a person a place after all who have one. People who come at the same moment share a transaction.
func (s *Service) arrive(ctx context.Context, flash string, customer uint32) error {
	r := s.room
	r.mu.Lock()
	batch := r.open[flash]
	first := batch == nil
	if first {
		batch = &arrivals{had: map[uint32]bool{}, done: make(chan struct{})}
		r.open[flash] = batch
	}
	if !batch.had[customer] {
		batch.had[customer] = true
		batch.who = append(batch.who, customer)
	}
	r.mu.Unlock()
	if first {
		r.writing.Lock()
		r.mu.Lock()
		delete(r.open, flash)
		r.mu.Unlock()
		batch.err = s.seat(context.WithoutCancel(ctx), flash, batch.who)
		r.writing.Unlock()
		close(batch.done)
	}
	select {
	case <-batch.done:
		return batch.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seat writes the places of people in the order given; who has one keeps it.
func (s *Service) seat(ctx context.Context, flash string, who []uint32) error {
	now := s.now()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := lock(ctx, tx, flash); err != nil {
			return err
		}
		if err := late(ctx, tx, flash, now); err != nil {
			return err
		}
		var w store.Where
		w.And("flash = ? AND state IN ('waiting', 'admitted')", flash)
		store.In(&w, "customer", who)
		have, err := store.All[uint32](ctx, tx, `SELECT customer FROM flash_queue`+w.SQL(), w.Args()...)
		if err != nil {
			return err
		}
		come := slices.DeleteFunc(slices.Clone(who), func(c uint32) bool { return slices.Contains(have, c) })
		if len(come) == 0 {
			return nil
		}
		last, err := store.One[int64](ctx, tx, `UPDATE flash_sales SET arrived = arrived + ? WHERE id = ? RETURNING arrived`, int64(len(come)), flash)
		if err != nil {
			return err
		}
		rows, facts := make([]ticket, len(come)), make([]event.Fact, len(come))
		for i, c := range come {
			rows[i] = ticket{Flash: flash, Customer: c, Place: last - int64(len(come)) + int64(i) + 1, State: Waiting, ArrivedAt: now, SeenAt: now}
			facts[i] = event.Fact{ID: fmt.Sprintf("%s/queued/%d", flash, rows[i].Place), Name: event.FlashQueued, Customer: c, At: now, Subject: flash, Quantity: rows[i].Place}
		}
		_, err = store.InsertAll(ctx, tx, "flash_queue", rows, `ON CONFLICT (flash, customer) DO UPDATE SET place = excluded.place, state = excluded.state,
			arrived_at = excluded.arrived_at, seen_at = excluded.seen_at, admitted_at = excluded.admitted_at, until = excluded.until`)
		if err != nil {
			return err
		}
		return outbox.Append(ctx, tx, facts...)
	})
}

// late ends the turns of those who did not order in time: their units are anybody's again. The sale is held.
func late(ctx context.Context, tx *store.Tx, flash string, now time.Time) error {
	gone, err := tx.Exec(ctx, `UPDATE flash_queue SET state = 'left' WHERE flash = ? AND state = 'admitted' AND until <= ?`, flash, now)
	if err == nil && gone > 0 {
		_, err = tx.Exec(ctx, `UPDATE flash_sales SET admitted = admitted - ? WHERE id = ?`, gone, flash)
	}
	return err
}

// Run admits who waits, until ctx ends. What was promised before a restart is promised again for the whole time, and nobody is
// taken for away who could not ask.
func (s *Service) Run(ctx context.Context) error {
	began := s.now()
	if _, err := s.db.Exec(ctx, `UPDATE flash_queue SET until = ? WHERE state = 'admitted' AND until > ?`, began.Add(AdmittedFor), began.Add(-time.Hour)); err != nil {
		return err
	}
	return clock.Every(ctx, 200*time.Millisecond, func(ctx context.Context) (int, error) { return s.Admit(ctx, began) })
}

// Admit does one round for every sale with a room and returns how many were admitted: as many as may be at the checkout at once and
// as there are units for, those first who came first. began is since when people could ask.
func (s *Service) Admit(ctx context.Context, began time.Time) (int, error) {
	now := s.now()
	all, err := store.All[string](ctx, s.db, `SELECT id FROM flash_sales WHERE at_once > 0 AND starts_at <= ? AND (admitted > 0 OR ends_at > ? AND stopped = FALSE
		AND EXISTS (SELECT 1 FROM flash_queue w WHERE w.flash = flash_sales.id AND w.state = 'waiting')) ORDER BY id`, now, now)
	total := 0
	for _, flash := range all {
		n, e := s.admit(ctx, flash, began, now)
		if e != nil {
			return total, e
		}
		total += n
	}
	return total, err
}

func (s *Service) admit(ctx context.Context, flash string, began, now time.Time) (n int, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		n = 0
		if err := lock(ctx, tx, flash); err != nil {
			return err
		}
		if err := late(ctx, tx, flash, now); err != nil {
			return err
		}
		sale, left, err := state(ctx, tx, flash)
		if err != nil || !sale.Open(now) {
			return err
		}
		if now.Sub(began) >= Patience {
			if _, err := tx.Exec(ctx, `UPDATE flash_queue SET state = 'left' WHERE flash = ? AND state = 'waiting' AND seen_at <= ?`, flash, now.Add(-Patience)); err != nil {
				return err
			}
		}
		places := min(sale.AtOnce-sale.Admitted, left-sale.Admitted, 1000)
		if places <= 0 {
			return nil
		}
		next, err := store.All[int64](ctx, tx, `SELECT customer FROM flash_queue WHERE flash = ? AND state = 'waiting' ORDER BY place LIMIT ?`, flash, places)
		if err != nil || len(next) == 0 {
			return err
		}
		n = len(next)
		var w store.Where
		w.And("flash = ?", flash)
		store.In(&w, "customer", next)
		if _, err := tx.Exec(ctx, `UPDATE flash_queue SET state = 'admitted', admitted_at = ?, until = ?`+w.SQL(), append([]any{now, now.Add(AdmittedFor)}, w.Args()...)...); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE flash_sales SET admitted = admitted + ? WHERE id = ?`, n, flash)
		return err
	})
	return n, err
}

// leave lets a person who was admitted leave the room with her order.
func (s *Service) leave(ctx context.Context, tx *store.Tx, flash string, customer uint32) error {
	n, err := tx.Exec(ctx, `UPDATE flash_queue SET state = 'bought' WHERE flash = ? AND customer = ? AND state = 'admitted' AND until > ?`, flash, int64(customer), s.now())
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "flash.wait", "it is not your turn yet").With("flash", flash)
	}
	return err
}

type want struct {
	flash string
	n     int64
}

// inOrder is the order in which every transaction takes sales, so that none waits in a ring.
func inOrder(units map[string]int64) []want {
	all := make([]want, 0, len(units))
	for f, n := range units {
		all = append(all, want{f, n})
	}
	slices.SortFunc(all, func(a, b want) int { return cmp.Compare(a.flash, b.flash) })
	return all
}
