package importing

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
)

// dryLines is how many lines a dry run tries; samplesPerReason how many of each kind of rejected line it shows.
const (
	dryLines         = 200_000
	samplesPerReason = 3
)

// trial is a dry run under way.
type trial struct {
	s      *Service
	imp    Import
	out    DryRun
	keys   map[string]*keyer // per order: its lines need not stand together here
	people map[[2]string]bool
	orders map[string]bool
	priced map[string]bool            // orders whose own amount was counted
	found  map[string]map[string]bool // keys of the lines of stored orders
	batch  []item
}

// DryRun tries the beginning of the file without changing anything but the import's record of the trial.
func (s *Service) DryRun(ctx context.Context, importID string) (DryRun, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return DryRun{}, err
	}
	preview, err := s.preview(imp, 20)
	if err != nil {
		return DryRun{}, err
	}
	if err := imp.Spec.check(imp.Target, len(preview.Header)); err != nil {
		return DryRun{}, err
	}
	t := &trial{s: s, imp: imp, keys: map[string]*keyer{}, people: map[[2]string]bool{}, orders: map[string]bool{}, priced: map[string]bool{}, found: map[string]map[string]bool{},
		out: DryRun{Samples: []RejectedLine{}, Counts: Counts{Rejected: map[string]int64{}}}}
	if err := t.read(ctx); err != nil {
		return DryRun{}, err
	}
	if err := updateJSON(ctx, s.db, `UPDATE imports SET dry = ? WHERE id = ?`, asJSON(t.out), importID); err != nil {
		return DryRun{}, err
	}
	return t.out, nil
}

func (t *trial) read(ctx context.Context) (err error) {
	in, err := files.Open(t.s.file(t.imp.ID), t.imp.Format, t.s.config.Limits)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	p := newParser(t.imp.Target, t.imp.Spec, t.s.config.Zone)
	deadline := time.Now().Add(20 * time.Second)
	for t.out.Counts.LinesRead < dryLines && time.Now().Before(deadline) {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			t.out.Complete = true
			break
		}
		if err != nil {
			return err
		}
		t.out.Counts.LinesRead++
		e, refused := p.parse(row)
		switch {
		case refused != nil:
			t.reject(row, *refused)
		case e.refund:
			t.out.RefundsSeen++
			t.out.Counts.LinesAccepted++
			t.out.Counts.RefundLines++
		default:
			it := item{entry: e}
			if t.imp.Target == TargetOrders {
				k := t.keys[e.order]
				if k == nil {
					k = &keyer{}
					t.keys[e.order] = k
				}
				it.key = k.key(&e)
			}
			t.batch = append(t.batch, it)
		}
		if len(t.batch) >= batchLines {
			if err := t.look(ctx); err != nil {
				return err
			}
		}
	}
	return t.look(ctx)
}

func (t *trial) reject(row files.Row, r refusal) {
	t.out.Counts.reject(r.reason)
	if t.out.Counts.Rejected[r.reason] <= samplesPerReason {
		t.out.Samples = append(t.out.Samples, RejectedLine{Line: row.Line, Field: r.field, Reason: r.reason, Cells: slices.Clone(row.Cells)})
	}
}

// look asks the store what of the batch it knows.
func (t *trial) look(ctx context.Context) error {
	batch := t.batch
	t.batch = t.batch[:0]
	if len(batch) == 0 {
		return nil
	}
	persons := make([]Person, len(batch))
	for i := range batch {
		persons[i] = batch[i].asPerson(t.imp.Spec.Channel)
	}
	numbers, err := t.s.people.Find(ctx, t.s.db, persons)
	if err != nil {
		return err
	}
	if t.imp.Target == TargetCustomers {
		for i, n := range numbers {
			first := persons[i].Keys[0]
			switch {
			case n != 0 || t.people[first]:
				t.out.Counts.CustomersKnown++
				t.out.Counts.LinesDuplicate++
			default:
				t.out.Counts.Customers++
				t.out.Counts.LinesAccepted++
			}
			t.people[first] = true
		}
		return nil
	}
	var fresh []string
	for _, it := range batch {
		if !t.orders[it.order] {
			t.orders[it.order] = true
			fresh = append(fresh, it.order)
		}
	}
	known, err := t.s.orders.KnownLines(ctx, t.s.db, t.imp.Spec.Channel, fresh)
	if err != nil {
		return errs.Wrap(errs.Internal, "import.dry", err)
	}
	for number, k := range known {
		t.found[number] = k
	}
	t.out.Counts.Orders += int64(len(fresh) - len(known))
	for i, it := range batch {
		k, stored := t.found[it.order]
		if stored && (k[it.key] || it.product == "" && it.orderAmount >= 0) {
			t.out.Counts.LinesDuplicate++
			continue
		}
		t.out.Counts.LinesAccepted++
		t.out.Counts.PurchaseLines++
		if it.orderAmount < 0 {
			t.out.Counts.AmountFen += it.amount
		} else if !stored && !t.priced[it.order] {
			t.out.Counts.AmountFen += it.orderAmount
			t.priced[it.order] = true
		}
		first := persons[i].Keys[0]
		if numbers[i] == 0 && !t.people[first] {
			t.out.Counts.Customers++
		}
		t.people[first] = true
	}
	return nil
}
