package hook

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
	"huoshui/internal/user/customer"
)

const (
	lookEvery = 5 * time.Second // for hooks that another process decided about
	readBatch = 64              // messages of the stream, of up to 500 changes
	keepEvery = 5 * time.Second // how old the position of a hook without changes may be
)

// errStopped ends the reading of a hook that has died.
var errStopped = errors.New("the webhook is dead")

// running is the delivery to one hook.
type running struct {
	version int64
	stop    context.CancelFunc
	done    chan struct{}
}

// Run delivers to every active hook until ctx ends, to each by itself: one that fails holds up no other. One process runs
// it at a time.
func (s *Service) Run(ctx context.Context, log *slog.Logger) error {
	all := map[string]*running{}
	end := func(id string) {
		all[id].stop()
		<-all[id].done // requests to a hook never overtake each other
		delete(all, id)
	}
	defer func() {
		for id := range all {
			all[id].stop()
		}
		for id := range all {
			end(id)
		}
	}()
	for {
		active, err := activeHooks(ctx, s.db)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			log.WarnContext(ctx, "segment webhooks", "error", err)
		} else {
			wanted := map[string]Hook{}
			for _, h := range active {
				wanted[h.ID] = h
			}
			for id, r := range all {
				if h, ok := wanted[id]; !ok || h.Version != r.version {
					end(id)
				}
			}
			for id, h := range wanted {
				if all[id] != nil {
					continue
				}
				one, stop := context.WithCancel(ctx)
				r := &running{h.Version, stop, make(chan struct{})}
				all[id] = r
				go func() {
					defer close(r.done)
					s.deliver(one, h, log)
				}()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.bell:
		case <-time.After(lookEvery):
		}
	}
}

// deliver reads the changes of a hook's segment and posts them until ctx ends or the hook is dead.
func (s *Service) deliver(ctx context.Context, h Hook, log *slog.Logger) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	kept := time.Now()
	_ = s.stream.ReadOf(ctx, []string{"segment"}, uint64(h.Seq)+1, readBatch, func(ctx context.Context, batch []stream.Message) error { // it ends with ctx
		all, end := changesOf(h.SegmentID, batch), batch[len(batch)-1].Seq
		err := s.send(ctx, &h, all, end)
		switch {
		case errors.Is(err, errStopped):
			stop()
			return err
		case err == nil && len(all) == 0 && time.Since(kept) > keepEvery:
			kept = time.Now()
			h.Seq = int64(end)
			err = passed(ctx, s.db, h)
		}
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "segment webhook; the changes come again", "hook", h.ID, "error", err)
		}
		return err
	})
}

// changesOf picks what concerns a segment.
func changesOf(segment string, batch []stream.Message) []heard {
	var all []heard
	for _, m := range batch {
		for _, f := range m.Facts {
			if f.Subject == segment && (f.Name == event.SegmentEntered || f.Name == event.SegmentLeft) {
				all = append(all, heard{m.Seq, f.Customer, Change{ID: f.ID, Type: f.Name, At: f.At}})
			}
		}
	}
	return all
}

// send posts changes, request after request, each until it is taken.
func (s *Service) send(ctx context.Context, h *Hook, all []heard, end uint64) error {
	for len(all) > 0 {
		n, position := cut(all, end)
		changes, err := s.told(ctx, all[:n])
		if err != nil {
			return err
		}
		// The key is that of the changes, so that the same request has the same one also after a restart.
		key := id.From("hks", h.ID, changes[0].ID, changes[n-1].ID, strconv.Itoa(n))
		if err := s.until(ctx, h, Request{ID: key, Type: "segment.changes", Changes: changes}, position); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// until posts a request until it is taken, resting longer after each failure, and keeps what became of each try.
func (s *Service) until(ctx context.Context, h *Hook, r Request, position uint64) error {
	for {
		if wait := h.NextAt.Sub(s.now()); !h.NextAt.IsZero() && wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		d, gone, err := s.post(ctx, *h, r)
		if err != nil {
			return err
		}
		next := *h
		next.after(d, gone, int64(position), s.rest)
		keep := context.WithoutCancel(ctx) // what was answered is remembered, also at the end
		if err := s.db.Tx(keep, func(tx *store.Tx) error { return tried(keep, tx, next, d) }); err != nil {
			return err
		}
		*h = next
		switch {
		case h.State == Dead:
			return errStopped
		case d.OK:
			return nil
		}
	}
}

// after is what a try makes of a hook.
func (h *Hook) after(d Delivery, gone bool, position int64, rest time.Duration) {
	if d.OK {
		h.FailingSince, h.Tries, h.NextAt, h.Error = time.Time{}, 0, time.Time{}, ""
		h.Delivered += d.Changes
		h.DeliveredAt, h.Seq = d.At, max(h.Seq, position)
		return
	}
	h.Error = d.Said
	if d.Status != 0 {
		h.Error = "HTTP " + strconv.FormatInt(d.Status, 10)
	}
	if h.FailingSince.IsZero() {
		h.FailingSince = d.At
	}
	h.Tries++
	h.NextAt = d.At.Add(waitAfter(rest, h.Tries))
	if gone || d.At.Sub(h.FailingSince) >= patience {
		h.State, h.NextAt = Dead, time.Time{}
	}
}

// told says who the people of changes are.
func (s *Service) told(ctx context.Context, all []heard) ([]Change, error) {
	numbers := make([]uint32, len(all))
	for i, c := range all {
		numbers[i] = c.customer
	}
	customers, err := customer.ByNumbers(ctx, s.db, numbers)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	ids := make(map[uint32]string, len(customers))
	for _, c := range customers {
		ids[c.Number] = c.ID
	}
	out := make([]Change, len(all))
	for i, c := range all {
		out[i] = c.change
		out[i].Customer = Person{ids[c.customer], c.customer}
	}
	return out, nil
}
