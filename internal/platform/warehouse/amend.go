package warehouse

import (
	"slices"

	"huoshui/internal/platform/event"
)

// amending tells a reader to add order.amended facts to the order.paid they belong to, so that nobody who scans need
// know that an order can grow: its amount and quantity are simply what is known of it by now.
type amending struct {
	on            bool
	paid, amended Kind
	keep          bool // order.amended was asked for by name too, and stays as a fact of its own
}

// amendments says whether a scan has orders to complete, and adds what it must read for that to kinds. Where no order was
// ever amended, or no sum is asked for, it costs nothing.
func (w *Warehouse) amendments(spec ScanSpec, kinds map[uint32]Kind) amending {
	paid := slices.Index(spec.Facts, event.OrderPaid)
	code := w.Code(event.OrderAmended)
	if paid < 0 || code == NoCode || spec.Columns&(ColumnAmount|ColumnQuantity) == 0 {
		return amending{}
	}
	a := amending{on: true, paid: Kind(paid), amended: Kind(len(spec.Facts))}
	if named := slices.Index(spec.Facts, event.OrderAmended); named >= 0 {
		a.amended, a.keep = Kind(named), true
	}
	kinds[code] = a.amended
	return a
}

// apply completes the orders of a block, in place. An amendment happens at the instant its order was paid, on the same
// channel: that is how the two are matched. Of two orders of one person at one instant on one channel the first grows;
// sums are right all the same.
func (a amending) apply(b *Block) {
	if !a.on || !slices.Contains(b.Kind, a.amended) {
		return
	}
	at := uint32(0) // where the next row that stays goes
	for c := range len(b.Start) - 1 {
		from, to := b.Start[c], b.Start[c+1]
		for r := from; r < to; r++ {
			if b.Kind[r] == a.amended {
				a.complete(b, r, from, to)
			}
		}
		b.Start[c] = at
		for r := from; r < to; r++ {
			if b.Kind[r] != a.amended || a.keep {
				b.move(at, r)
				at++
			}
		}
	}
	b.Start[len(b.Start)-1] = at
	b.cut(at)
}

// complete adds row r to the order it belongs to, among the rows from … to of one person.
func (a amending) complete(b *Block, r, from, to uint32) {
	first := r
	for first > from && b.TS[first-1] == b.TS[r] {
		first--
	}
	for p := first; p < to && b.TS[p] == b.TS[r]; p++ {
		if b.Kind[p] != a.paid || b.Channel != nil && b.Channel[p] != b.Channel[r] {
			continue
		}
		if b.Amount != nil {
			b.Amount[p] += b.Amount[r]
		}
		if b.Quantity != nil {
			b.Quantity[p] += b.Quantity[r]
		}
		return
	}
}

// move puts row from in the place of row to.
func (b *Block) move(to, from uint32) {
	if to == from {
		return
	}
	b.TS[to], b.Kind[to] = b.TS[from], b.Kind[from]
	for _, column := range [...][]int64{b.Amount, b.Quantity} {
		if column != nil {
			column[to] = column[from]
		}
	}
	for _, column := range b.Props {
		column[to] = column[from]
	}
	for _, column := range [...][]uint32{b.Product, b.Category, b.Channel, b.Campaign, b.Strategy, b.Detail} {
		if column != nil {
			column[to] = column[from]
		}
	}
}

// cut drops the rows from n on.
func (b *Block) cut(n uint32) {
	b.TS, b.Kind = b.TS[:n], b.Kind[:n]
	for _, column := range [...]*[]int64{&b.Amount, &b.Quantity} {
		if *column != nil {
			*column = (*column)[:n]
		}
	}
	for i := range b.Props {
		b.Props[i] = b.Props[i][:n]
	}
	for _, column := range [...]*[]uint32{&b.Product, &b.Category, &b.Channel, &b.Campaign, &b.Strategy, &b.Detail} {
		if *column != nil {
			*column = (*column)[:n]
		}
	}
}
