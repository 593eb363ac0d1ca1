package importing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/files"
	"huoshui/internal/platform/store"
)

// batchLines is about how many lines one transaction settles.
const batchLines = 4000

// errStopped ends a run that somebody canceled.
var errStopped = errors.New("canceled")

// run is one execution of an import.
type run struct {
	s       *Service
	imp     Import
	file    string
	work    string // folder for what the run may lose
	zone    *time.Location
	limits  files.Limits
	channel string
	report  func(Import)

	granted *roaring.Bitmap // people whose consent this run has recorded
}

// item is an entry with the key that tells it from the others of its order.
type item struct {
	entry
	key string
}

// keyer gives lines their keys: what the line says, and how many times its order said so before.
type keyer struct {
	order string
	seen  map[[8]byte]int
}

var keyAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func (k *keyer) key(e *entry) string {
	scope := "refunds" // refunds of one number need not stand together
	if !e.refund {
		scope = e.order
	}
	if k.seen == nil || scope != k.order {
		k.order, k.seen = scope, map[[8]byte]int{}
	}
	content, unique := e.content()
	sum := sha256.Sum256([]byte(content))
	key := keyAlphabet.EncodeToString(sum[:10])
	if unique {
		return key
	}
	if e.refund {
		sum = sha256.Sum256([]byte(e.order + "\x00" + content))
	}
	at := [8]byte(sum[:8])
	k.seen[at]++
	if n := k.seen[at]; n > 1 {
		key += "-" + strconv.Itoa(n)
	}
	return key
}

// settle takes the sorted lines in, from behind the cursor.
func (r *run) settle(ctx context.Context, s *staged) error {
	cursor, err := hex.DecodeString(r.imp.Cursor)
	if err != nil {
		return fmt.Errorf("cursor: %w", err)
	}
	var keys keyer
	var batch []item
	var last []byte
	var kind byte
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := r.commit(ctx, batch, last)
		batch = batch[:0]
		return err
	}
	var seen int64
	err = s.lines.each(func(key, value []byte) error {
		var e entry
		if err := e.decode(value); err != nil {
			return err
		}
		it := item{entry: e}
		if r.imp.Target == TargetOrders {
			it.key = keys.key(&e) // also for lines already settled: later ones count them
		}
		seen++
		if bytes.Compare(key, cursor) <= 0 {
			r.imp.Done = seen
			return nil
		}
		boundary := len(batch) > 0 && (kind != key[0] || batch[len(batch)-1].order != e.order || r.imp.Target == TargetCustomers)
		if boundary && (len(batch) >= batchLines || kind != key[0]) || len(batch) >= 5*batchLines {
			if err := flush(); err != nil {
				return err
			}
		}
		kind, last = key[0], append(last[:0], key...)
		batch = append(batch, it)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// commit settles one batch and moves the cursor, together or not at all.
func (r *run) commit(ctx context.Context, batch []item, last []byte) error {
	var counts Counts
	err := r.s.db.Tx(ctx, func(tx *store.Tx) error {
		counts = Counts{}
		status, err := store.One[string](ctx, tx, `SELECT status FROM imports WHERE id = ?`, r.imp.ID)
		if err != nil {
			return err
		}
		if status != StatusRunning { // canceled, here or by another process
			return errStopped
		}
		switch {
		case r.imp.Target == TargetCustomers:
			err = r.people(ctx, tx, batch, &counts)
		case last[0] == keyRefund:
			err = r.refunds(ctx, tx, batch, &counts)
		default:
			err = r.orders(ctx, tx, batch, &counts)
		}
		if err != nil {
			return err
		}
		total := r.imp.Settled
		total.Rejected = nil
		total.Add(Counts{Rejected: r.imp.Settled.Rejected})
		total.Add(counts)
		return saveProgress(ctx, tx, r.imp.ID, hex.EncodeToString(last), r.imp.Done+int64(len(batch)), total)
	})
	if err != nil {
		return err
	}
	r.imp.Settled.Add(counts)
	r.imp.Done += int64(len(batch))
	r.report(r.imp)
	return nil
}

// reject stores the refusal of a line.
func (r *run) reject(ctx context.Context, tx *store.Tx, all []rejectRow, counts *Counts) error {
	for _, row := range all {
		counts.reject(row.Reason)
	}
	_, err := store.InsertAll(ctx, tx, "import_rejects", all, "ON CONFLICT (import_id, line) DO NOTHING")
	return err
}

// people settles lines of customers.
func (r *run) people(ctx context.Context, tx *store.Tx, batch []item, counts *Counts) error {
	persons := make([]Person, len(batch))
	for i := range batch {
		persons[i] = batch[i].asPerson(r.channel)
	}
	refs, err := r.s.people.Resolve(ctx, tx, persons, r.s.now())
	if err != nil {
		return err
	}
	said := map[string][]uint32{}
	for i, ref := range refs {
		countPerson(ref, counts)
		if ref.Created || ref.Changed {
			counts.LinesAccepted++
		} else {
			counts.LinesDuplicate++
		}
		if batch[i].consents != "" {
			said[batch[i].consents] = append(said[batch[i].consents], ref.Number)
		}
	}
	for _, channels := range slices.Sorted(keysOf(said)) {
		n, err := r.s.consents.Grant(ctx, tx, said[channels], strings.Split(channels, ","), "import:"+r.imp.ID)
		if err != nil {
			return err
		}
		counts.ConsentsGiven += n
	}
	return r.grant(ctx, tx, refs, counts)
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func countPerson(ref Ref, counts *Counts) {
	switch {
	case ref.Created:
		counts.Customers++
	case ref.Changed:
		counts.CustomersKnown++
	}
	if ref.Conflict {
		counts.KeyConflicts++
	}
}

// grant records the operator's statement for the people of the batch, each once.
func (r *run) grant(ctx context.Context, tx *store.Tx, refs []Ref, counts *Counts) error {
	if r.imp.Spec.Consent == nil {
		return nil
	}
	var fresh []uint32
	batch := roaring.New()
	for _, ref := range refs {
		if ref.Number != 0 && !r.granted.Contains(ref.Number) && batch.CheckedAdd(ref.Number) {
			fresh = append(fresh, ref.Number)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	n, err := r.s.consents.Grant(ctx, tx, fresh, r.imp.Spec.Consent.Channels, "import:"+r.imp.ID)
	if err != nil {
		return err
	}
	counts.ConsentsGiven += n
	tx.AfterCommit(func() { r.granted.Or(batch) })
	return nil
}

// group is the lines of one order in a batch.
type group struct {
	order    Order
	items    []item // those with a line of their own
	headers  int    // rows that only tell of the order as a whole
	people   []Person
	customer string // what the first line says who bought
}

// orders settles purchase lines.
func (r *run) orders(ctx context.Context, tx *store.Tx, batch []item, counts *Counts) error {
	groups, rejects := r.group(batch)
	numbers := make([]string, len(groups))
	for i, g := range groups {
		numbers[i] = g.order.Number
	}
	known, err := r.s.orders.Known(ctx, tx, r.channel, numbers)
	if err != nil {
		return err
	}
	var persons []Person
	var of []int
	for i, g := range groups {
		if !known[g.order.Number] {
			persons, of = append(persons, g.people[0]), append(of, i)
		}
	}
	refs, err := r.s.people.Resolve(ctx, tx, persons, r.s.now())
	if err != nil {
		return err
	}
	for j, ref := range refs {
		groups[of[j]].order.Customer = ref.Number
		countPerson(ref, counts)
	}
	orders := make([]Order, len(groups))
	for i, g := range groups {
		orders[i] = g.order
	}
	outcomes, sums, err := r.s.orders.Settle(ctx, tx, r.channel, r.imp.ID, orders, r.s.now())
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		groups[i].count(o, counts)
	}
	if err := r.s.people.Bought(ctx, tx, sums, r.s.now()); err != nil {
		return err
	}
	if err := r.grant(ctx, tx, refs, counts); err != nil {
		return err
	}
	return r.reject(ctx, tx, rejects, counts)
}

// count adds what became of the group's lines.
func (g *group) count(o OrderOutcome, counts *Counts) {
	if o.Created {
		counts.Orders++
	}
	for i := range g.headers {
		if i == 0 && (o.Created || o.RefundedFen > 0) {
			counts.LinesAccepted++
			counts.PurchaseLines++
		} else {
			counts.LinesDuplicate++
		}
	}
	for _, fresh := range o.NewLines {
		if fresh {
			counts.LinesAccepted++
			counts.PurchaseLines++
		} else {
			counts.LinesDuplicate++
		}
	}
	counts.AmountFen += o.AddedFen
	counts.RefundedFen += o.RefundedFen
	if o.RefundedFen > 0 {
		counts.Refunds++
	}
}

// group gathers the lines of each order of a batch, and refuses those that contradict it.
func (r *run) group(batch []item) (groups []*group, rejects []rejectRow) {
	var g *group
	refuse := func(it item, field, reason string) {
		rejects = append(rejects, rejectRow{r.imp.ID, it.line, field, reason})
	}
	var all []item
	close := func() {
		if g == nil {
			return
		}
		if g.order.RefundedFen > g.amount() {
			for _, it := range all {
				refuse(it, FieldRefunded, ReasonRefundAbovePaid)
			}
			groups = groups[:len(groups)-1]
		}
		all = nil
	}
	for _, it := range batch {
		who := it.keys(r.channel)[0]
		if g == nil || it.order != g.order.Number {
			close()
			g = &group{order: Order{Number: it.order, PaidAt: micros(it.at), Store: it.store}, customer: who[1], people: []Person{it.asPerson(r.channel)}}
			groups = append(groups, g)
		}
		if who[1] != g.customer {
			refuse(it, "", ReasonOtherCustomer)
			continue
		}
		all = append(all, it)
		g.add(it)
	}
	close()
	return groups, rejects
}

func (g *group) add(it item) {
	if at := micros(it.at); at.Before(g.order.PaidAt) {
		g.order.PaidAt = at
		g.people[0].SeenAt = at
	}
	if it.orderAmount >= 0 {
		g.order.Fixed, g.order.AmountFen = true, max(g.order.AmountFen, it.orderAmount)
		g.order.RefundedFen = max(g.order.RefundedFen, it.refunded)
	} else {
		g.order.RefundedFen += it.refunded
	}
	if it.product == "" && it.orderAmount >= 0 {
		g.headers++
		g.order.Quantity += it.quantity
		return
	}
	g.items = append(g.items, it)
	g.order.Lines = append(g.order.Lines, OrderLine{Key: it.key, Product: it.product, Name: it.productName, Category: it.category, Quantity: it.quantity, AmountFen: it.amount})
}

func (g *group) amount() int64 {
	if g.order.Fixed {
		return g.order.AmountFen
	}
	var sum int64
	for _, l := range g.order.Lines {
		sum += l.AmountFen
	}
	return sum
}

func micros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// refunds settles cancellations and negative quantities.
func (r *run) refunds(ctx context.Context, tx *store.Tx, batch []item, counts *Counts) error {
	persons := make([]Person, len(batch))
	for i := range batch {
		persons[i] = batch[i].asPerson(r.channel)
	}
	numbers, err := r.s.people.Find(ctx, tx, persons)
	if err != nil {
		return err
	}
	preset, _ := PresetByCode(r.imp.Spec.Preset)
	refunds := make([]Refund, len(batch))
	for i, it := range batch {
		refunds[i] = Refund{
			Number: it.order, Key: it.key, Order: strings.TrimPrefix(it.order, preset.cancelPrefix), Customer: numbers[i],
			Product: it.product, Quantity: it.quantity, AmountFen: it.amount, At: micros(it.at),
		}
	}
	results, sums, err := r.s.orders.Refund(ctx, tx, r.channel, r.imp.ID, refunds)
	if err != nil {
		return err
	}
	var rejects []rejectRow
	for i, result := range results {
		switch result {
		case RefundAccepted:
			counts.LinesAccepted++
			counts.RefundLines++
			counts.Refunds++
			counts.RefundedFen += refunds[i].AmountFen
		case RefundDuplicate:
			counts.LinesDuplicate++
		default:
			rejects = append(rejects, rejectRow{r.imp.ID, batch[i].line, "", ReasonRefundUnmatched})
		}
	}
	if err := r.s.people.Bought(ctx, tx, sums, r.s.now()); err != nil {
		return err
	}
	return r.reject(ctx, tx, rejects, counts)
}
