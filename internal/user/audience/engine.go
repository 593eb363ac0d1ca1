package audience

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"huoshui/internal/platform/warehouse"
)

// Engine walks timelines and answers conditions. Safe for concurrent use.
type Engine struct {
	w    *warehouse.Warehouse
	zone *time.Location

	mu    sync.Mutex // guards what follows
	cache cache
	state *snapshot // nil until one is saved or loaded
}

// NewEngine returns an engine over a warehouse; zone is the business zone.
func NewEngine(w *warehouse.Warehouse, zone *time.Location) *Engine {
	e := &Engine{w: w, zone: zone}
	e.cache.limit = 256 << 20
	e.cache.base = w.Watermark().Version
	w.Hear(func(c warehouse.Change) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.cache.dirty(c)
	})
	return e
}

// Zone is the business zone.
func (e *Engine) Zone() *time.Location { return e.zone }

// Forget drops all that is remembered: the next question reads the warehouse anew.
func (e *Engine) Forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cache, e.state = cache{limit: e.cache.limit, base: e.w.Watermark().Version}, nil
}

// Walk shows every person of the universe to every fold in one ordered pass, facts up to asOf.
func (e *Engine) Walk(ctx context.Context, asOf time.Time, folds ...Fold) (*Pass, error) {
	return e.walk(ctx, asOf, warehouse.ScanSpec{}, folds)
}

// WalkOne shows one person to the folds: the same answer as a pass over everybody gives for that person.
// Someone who is not in the universe is not shown.
func (e *Engine) WalkOne(ctx context.Context, asOf time.Time, customer uint32, folds ...Fold) (*Pass, error) {
	return e.walk(ctx, asOf, warehouse.ScanSpec{Only: []uint32{customer}, From: customer, To: customer + 1, Workers: 1}, folds)
}

func (e *Engine) walk(ctx context.Context, asOf time.Time, spec warehouse.ScanSpec, folds []Fold) (*Pass, error) {
	spec.AsOf, spec.Since, spec.Flags = asOf.UnixMicro(), always, true
	first := make([]int, len(folds)) // columns of properties
	for i, f := range folds {
		n := f.Needs()
		first[i] = len(spec.Props)
		spec.Props = append(spec.Props, n.Props...)
		spec.Since = min(spec.Since, n.Since)
		spec.Flags = spec.Flags && n.Plain
		spec.Columns |= n.Columns
		for _, name := range n.Facts {
			if !slices.Contains(spec.Facts, name) {
				spec.Facts = append(spec.Facts, name)
			}
		}
	}
	mark := e.w.Watermark()
	p := &Pass{AsOf: asOf, Zone: e.zone, Through: mark.Through, Seq: mark.Seq, kinds: map[string]Kind{}, code: e.w.Code, text: e.w.Text}
	for i, name := range spec.Facts {
		p.kinds[name] = Kind(i)
	}
	for i, f := range folds {
		p.props = first[i]
		if err := f.Begin(p); err != nil {
			return nil, fmt.Errorf("begin pass: %w", err)
		}
	}
	if spec.To == 0 {
		spec.To = mark.Through + 1 // folds have room for these; later customers wait for the next pass
	}
	only := spec.Only
	scanned, err := e.w.Scan(ctx, spec, func(_ int, b *warehouse.Block) error {
		show(b, folds, only)
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("walk timelines: %w", err)
	}
	p.Seq, p.mark = scanned.Seq, scanned
	return p, nil
}

// show gives the people of a block to the folds.
func show(b *warehouse.Block, folds []Fold, only []uint32) {
	see := make([]func(*Timeline), len(folds))
	done := make([]func(), len(folds))
	for i, f := range folds {
		see[i], done[i] = f.Range(b.From, b.To)
	}
	var t Timeline
	next, _ := slices.BinarySearch(only, b.From)
	for n := b.From; n < b.To; n++ {
		if only != nil {
			if next >= len(only) {
				break
			}
			if only[next] >= b.To {
				break
			}
			n = only[next]
			next++
		}
		t.Person = b.People[n-b.From]
		if !t.Person.Known || t.Person.Gone() {
			continue
		}
		t.cut(b, n)
		for _, fn := range see {
			fn(&t)
		}
	}
	for _, fn := range done {
		fn()
	}
}

// cut points the timeline at a customer's rows of a block.
func (t *Timeline) cut(b *warehouse.Block, n uint32) {
	from, to := b.Start[n-b.From], b.Start[n-b.From+1]
	t.Customer, t.block, t.first = n, b, from
	t.TS, t.Kind = b.TS[from:to], b.Kind[from:to]
	t.Amount, t.Quantity = part(b.Amount, from, to), part(b.Quantity, from, to)
	t.Product, t.Category, t.Channel = part(b.Product, from, to), part(b.Category, from, to), part(b.Channel, from, to)
	t.Campaign, t.Strategy, t.Detail = part(b.Campaign, from, to), part(b.Strategy, from, to), part(b.Detail, from, to)
}

func part[T any](column []T, from, to uint32) []T {
	if column == nil {
		return nil
	}
	return column[from:to]
}

// Question is what Evaluate is asked: conditions, and those of the segments they may refer to.
type Question struct {
	Conditions []Condition
	// Segment returns the condition of a dynamic segment, or the members of a static one.
	Segment func(ctx context.Context, id string) (*Condition, *roaring.Bitmap, error)
	// Tag returns who carries a tag; it may be nil where no condition asks for one.
	Tag func(ctx context.Context, id string) (*roaring.Bitmap, error)
}

// Answer is what Evaluate found; bitmaps are shared: clone one before changing it.
type Answer struct {
	People   []*roaring.Bitmap // one per condition
	Universe *roaring.Bitmap
	Seq      uint64 // watermark
	Read     int    // leaves that had to be read from the warehouse
	dues     []deadline
}

// Evaluate answers conditions as of an instant. Leaves that were answered before at the same watermark and day are not
// read again; of leaves answered at an earlier watermark only the people who changed since are read again.
func (e *Engine) Evaluate(ctx context.Context, asOf time.Time, q Question) (*Answer, error) {
	return e.evaluate(ctx, asOf, q, nil)
}

// evaluate is Evaluate with other folds looking on in the same pass. Conditions on the state are answered by the one that comes out of
// it, while that is being saved; others see it once it is.
func (e *Engine) evaluate(ctx context.Context, asOf time.Time, q Question, with *company) (*Answer, error) {
	plan, err := e.plan(ctx, asOf, q)
	if err != nil {
		return nil, err
	}
	if with != nil { // what follows the pass makes large arrays too
		defer calm(e.w.Watermark().Through)()
	}
	found, err := e.leaves(ctx, asOf, plan.leaves, with)
	if err != nil {
		return nil, err
	}
	out := &Answer{Universe: found.universe, Seq: found.seq, Read: found.read, dues: e.dues(asOf, plan.leaves)}
	if with == nil || with.state == nil {
		return out, e.answer(ctx, plan, found, out)
	}
	state, err := with.state(ctx, found.universe)
	if err != nil {
		return nil, err
	}
	plan.fresh = newSnapshot(state)
	group, inside := errgroup.WithContext(ctx)
	group.Go(func() error { return e.w.SaveState(inside, state) })
	group.Go(func() error { return e.answer(inside, plan, found, out) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	e.setState(plan.fresh)
	return out, nil
}

// Meets answers the conditions for one person as of an instant, by the same leaves that a pass over everybody uses.
func (e *Engine) Meets(ctx context.Context, asOf time.Time, customer uint32, q Question) ([]bool, error) {
	answer, err := e.among(ctx, asOf, roaring.BitmapOf(customer), q)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(q.Conditions))
	for i, people := range answer.People {
		out[i] = people.Contains(customer)
	}
	return out, nil
}

// among answers the conditions for some people only, reading nobody else and remembering nothing.
func (e *Engine) among(ctx context.Context, asOf time.Time, people *roaring.Bitmap, q Question) (*Answer, error) {
	plan, err := e.plan(ctx, asOf, q)
	if err != nil {
		return nil, err
	}
	leaves := make([]*leaf, 0, len(plan.leaves))
	for _, l := range plan.leaves {
		leaves = append(leaves, l)
	}
	fold, pass, err := e.read(ctx, asOf, people, leaves)
	if err != nil {
		return nil, err
	}
	found := &leavesFound{universe: fold.universe, people: map[string]*roaring.Bitmap{}, seq: pass.Seq, read: len(fold.leaves)}
	for i, l := range fold.leaves {
		found.people[l.key] = fold.out[i]
	}
	out := &Answer{Universe: found.universe, Seq: found.seq, Read: found.read}
	for _, dues := range fold.dues {
		out.dues = append(out.dues, dues...)
	}
	return out, e.answer(ctx, plan, found, out)
}

// read answers leaves for some people only.
func (e *Engine) read(ctx context.Context, asOf time.Time, people *roaring.Bitmap, leaves []*leaf) (*leafFold, *Pass, error) {
	fold, some := &leafFold{leaves: leaves}, people.ToArray()
	spec := warehouse.ScanSpec{Only: some}
	if len(some) <= warehouse.MostPicked {
		spec = warehouse.ScanSpec{Pick: some}
	}
	pass, err := e.walk(ctx, asOf, spec, []Fold{fold})
	if err != nil {
		return nil, nil, err
	}
	fold.finish()
	if spec.Pick != nil {
		fold.rename(some)
	}
	return fold, pass, nil
}

// plan gathers what conditions ask.
func (e *Engine) plan(ctx context.Context, asOf time.Time, q Question) (*planning, error) {
	plan := &planning{e: e, asOf: asOf, question: q, leaves: map[string]*leaf{}, segments: map[string]*segmentAnswer{}, tags: map[string]*roaring.Bitmap{}}
	for _, c := range q.Conditions {
		if err := plan.collect(ctx, c); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// answer turns answers to leaves into the people of each condition.
func (e *Engine) answer(ctx context.Context, plan *planning, found *leavesFound, out *Answer) error {
	a := &algebra{plan: plan, found: found}
	var err error
	if a.state, err = e.stateFor(ctx, plan); err != nil {
		return err
	}
	for id := range plan.segments {
		if _, err := a.segment(id); err != nil {
			return err
		}
	}
	out.People = make([]*roaring.Bitmap, len(plan.question.Conditions))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range plan.question.Conditions {
		group.Go(func() (err error) {
			out.People[i], err = a.of(c)
			return err
		})
	}
	return group.Wait()
}

// company is who comes along in a pass that answers conditions.
type company struct {
	folds []Fold
	state func(ctx context.Context, universe *roaring.Bitmap) (*State, error) // what comes out of them; may be nil
}

// leavesFound is the answers to leaves at one watermark.
type leavesFound struct {
	universe *roaring.Bitmap
	people   map[string]*roaring.Bitmap // by leaf key: who differs from the leaf's zero answer
	seq      uint64
	read     int
}

// leaves answers leaves from the cache where it can, and reads the rest.
func (e *Engine) leaves(ctx context.Context, asOf time.Time, wanted map[string]*leaf, with *company) (*leavesFound, error) {
	mark := e.w.Watermark()
	bound := bounded(asOf, mark)
	e.mu.Lock()
	look := e.cache.look(wanted, asOf.UnixMicro(), bound, mark)
	e.mu.Unlock()
	found := &leavesFound{people: look.fresh, universe: look.universe, seq: mark.Seq, read: len(look.missing) + len(look.stale)}
	var grouped *leafFold
	if with == nil {
		var err error
		if grouped, err = e.group(ctx, asOf, bound, &look); err != nil {
			return nil, err
		}
	}
	full := &leafFold{leaves: look.missing}
	if len(look.missing) > 0 || look.universe == nil || with != nil {
		defer calm(mark.Through)()
		folds := []Fold{full}
		if with != nil {
			folds = append(folds, with.folds...)
		}
		pass, err := e.Walk(ctx, asOf, folds...)
		if err != nil {
			return nil, err
		}
		full.finish()
		for i, l := range full.leaves {
			found.people[l.key] = full.out[i]
		}
		found.universe, found.seq = full.universe, pass.Seq
		e.keep(asOf, bound, pass.mark, pass.mark.Version, full, found)
		if len(look.stale) == 0 {
			look.dirty = nil
		}
	}
	if len(look.stale) > 0 || look.dirty != nil {
		if err := e.renew(ctx, asOf, bound, mark.Version, look, found); err != nil {
			return nil, err
		}
	}
	if grouped != nil {
		for i, l := range grouped.leaves {
			grouped.out[i].And(found.universe)
			found.people[l.key] = grouped.out[i]
		}
		e.keep(asOf, bound, mark, mark.Version, grouped, found) // of then or later: who changed since is read again
	}
	return found, nil
}

// renew brings answers of an earlier watermark up to date by reading only the people who changed up to version. The read may
// see later facts of some of them; it is kept as of version, so that they count as changed again next time.
func (e *Engine) renew(ctx context.Context, asOf time.Time, bound int64, version uint64, look looked, found *leavesFound) error {
	leaves := make([]*leaf, 0, len(look.stale))
	for _, s := range look.stale {
		leaves = append(leaves, s.leaf)
	}
	fold, pass, err := e.read(ctx, asOf, look.dirty, leaves)
	if err != nil {
		return err
	}
	for i, s := range look.stale {
		b := roaring.AndNot(s.people, look.dirty)
		b.Or(fold.out[i])
		found.people[s.leaf.key] = b
		for _, d := range s.dues {
			if !look.dirty.Contains(d.customer) {
				fold.dues[i] = append(fold.dues[i], d)
			}
		}
	}
	universe := roaring.AndNot(found.universe, look.dirty)
	universe.Or(fold.universe)
	found.universe, found.seq = universe, pass.Seq
	e.keep(asOf, bound, pass.mark, version, fold, found)
	return nil
}

// keep puts answers in the cache, unless facts came meanwhile that the bound did not foresee.
func (e *Engine) keep(asOf time.Time, bound int64, mark warehouse.Watermark, version uint64, fold *leafFold, found *leavesFound) {
	if bounded(asOf, mark) != bound {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, l := range fold.leaves {
		e.cache.put(l.key, bound, &held{people: found.people[l.key], version: version, asOf: asOf.UnixMicro(), dues: fold.dues[i]})
	}
	e.cache.universe, e.cache.universeAt = found.universe, version
}

// bounded is the part of asOf that answers depend on beyond its day: nothing when no fact is later.
func bounded(asOf time.Time, mark warehouse.Watermark) int64 {
	if at := asOf.UnixMicro(); at < mark.Latest {
		return at
	}
	return always
}

// stateFor is the newest state where a plan asks for it.
func (e *Engine) stateFor(ctx context.Context, p *planning) (*snapshot, error) {
	switch {
	case !p.state:
		return nil, nil
	case p.fresh != nil:
		return p.fresh, nil
	}
	return e.snapshot(ctx)
}

// snapshot returns the newest state as bitmaps, reading it from the warehouse the first time.
func (e *Engine) snapshot(ctx context.Context) (*snapshot, error) {
	e.mu.Lock()
	s := e.state
	e.mu.Unlock()
	if s != nil {
		return s, nil
	}
	state, err := e.w.LoadState(ctx)
	if err != nil {
		return nil, err
	}
	s = newSnapshot(state)
	e.setState(s)
	return s, nil
}

// dues are when, for whom, remembered answers change by themselves because time has passed in which somebody did not do something.
func (e *Engine) dues(asOf time.Time, leaves map[string]*leaf) (out []deadline) {
	bound := bounded(asOf, e.w.Watermark())
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, l := range leaves {
		if h := e.cache.held[heldKey{key, bound}]; l.timed() && h != nil {
			out = append(out, h.dues...)
		}
	}
	return out
}

func (e *Engine) setState(s *snapshot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state = s
}

// State returns the newest snapshot of every customer; read only.
func (e *Engine) State(ctx context.Context) (*State, error) {
	s, err := e.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return s.state, nil
}
