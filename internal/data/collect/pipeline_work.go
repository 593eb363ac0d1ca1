package collect

import (
	"context"
	"errors"
	"strings"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
)

// work takes a batch to its end.
func (p *Pipeline) work(ctx context.Context, b *batch) error {
	// What may have been published before knows its person from then.
	for _, w := range b.works {
		if n, ok := p.seen.plan[w.hash]; ok {
			w.customer, w.told, w.doubtful = n, true, true
		}
		w.doubtful = w.doubtful || w.seq <= p.doubt
	}
	if err := p.tell(ctx, b); err != nil {
		return err
	}
	plan := make(map[hash]uint32, len(b.works))
	for _, w := range b.works {
		from := b.names[w.event.Source]
		w.facts = factsOf(&w.event, w.props, w.customer, w.rule, from.called, from.sells)
		w.crowded = p.seen.columns.fit(w.event.Source, w.facts)
		if len(w.facts) > 0 {
			plan[w.hash] = w.customer
		}
	}
	if len(plan) > 0 {
		if err := p.seen.intend(plan); err != nil {
			return err
		}
		if err := p.facts.Publish(ctx, messagesOf(b.works)); err != nil {
			return err
		}
	}
	return p.commit(ctx, b)
}

// commit counts what was done. The census of a batch is added here, after everything that may fail and come again.
func (p *Pipeline) commit(ctx context.Context, b *batch) error {
	for _, w := range b.works {
		e := &w.event
		if w.crowded {
			b.count(e.Source, p.day(e.ReceivedAt), crowded)
		}
		p.census.observe(e.Source, entryName(e), p.day(e.ReceivedAt), e.ReceivedAt, w.named())
		s := sighted{event: e, status: Accepted, customer: w.customer}
		if len(w.facts) > 0 {
			s.fact = w.facts[0].Name
		}
		b.feed = append(b.feed, s)
	}
	for _, w := range b.blocked {
		p.census.observe(w.event.Source, entryName(&w.event), p.day(w.event.ReceivedAt), w.event.ReceivedAt, nil)
	}
	for k, n := range b.counts {
		p.census.count(k[0], k[1], k[2], n)
	}
	pending, err := p.census.encode()
	if err == nil {
		err = p.seen.commit(b.counted, b.last, pending, p.desk.now())
	}
	if err != nil {
		return errors.Join(err, p.recall())
	}
	p.position.Store(b.last)
	p.desk.live.add(b.feed)
	if p.others != nil {
		if body := relay(b.feed); body != nil {
			p.others(body)
		}
	}
	if p.census.size >= flushSize {
		return p.flush(ctx)
	}
	return nil
}

// tell finds out whose the events are, and in one transaction tells People what they say, keeps arrivals and letters. A
// batch of known people who say nothing new about themselves needs no transaction.
func (p *Pipeline) tell(ctx context.Context, b *batch) error {
	generation, err := p.people.Generation(ctx, p.desk.db)
	if err != nil {
		return err
	}
	p.numbers.of(generation)
	var open []*work // whose person People must tell
	linking := false
	for _, w := range b.works {
		w.touch = nil
		if w.told || w.event.Kind == Item {
			continue
		}
		if t := touchOf(&w.event); t != nil {
			w.touch = t
		}
		links := w.event.Kind != Track && w.event.Kind != View || len(w.event.Traits) > 0
		if !links && !linking {
			if n, ok := p.numbers.all(w.event.Keys); ok {
				w.customer = n
				continue
			}
		}
		linking = linking || links
		open = append(open, w)
	}
	touched := p.arrivals(b)
	if len(open) == 0 && !touched && len(b.letters) == 0 {
		return nil
	}
	var after uint64
	err = p.desk.db.Tx(ctx, func(tx *store.Tx) error {
		if err := p.sight(ctx, tx, b, open); err != nil {
			return err
		}
		if err := p.saveArrivals(ctx, tx, b); err != nil {
			return err
		}
		if err := p.saveLetters(ctx, tx, b); err != nil {
			return err
		}
		after, err = p.people.Generation(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	p.remember(generation, after, open, b)
	return nil
}

// sight asks People about works, those of the same keys between two that link keys only once, and keeps how far it told.
func (p *Pipeline) sight(ctx context.Context, tx *store.Tx, b *batch, open []*work) error {
	if len(open) == 0 {
		return nil
	}
	done, err := progress(ctx, tx, progressPeople)
	if err != nil {
		return err
	}
	all := make([]Sighting, 0, len(open))
	index := make([]int, len(open))
	asked := map[string]int{} // by keys
	for i, w := range open {
		e := &w.event
		simple := (e.Kind == Track || e.Kind == View) && len(e.Traits) == 0
		k := ""
		if simple {
			k = keysText(e.Keys)
			if at, ok := asked[k]; ok {
				index[i] = at
				continue
			}
		}
		s := Sighting{
			Source: e.Source, Protocol: w.protocol, Kind: e.Kind, Keys: e.Keys, Unbind: e.Kind == Unbind, Traits: e.Traits, At: e.At, Touch: w.touch,
		}
		if w.seq <= done {
			s.Traits = once(e.Traits)
		}
		if s.Unbind && len(s.Keys) > 1 { // one at a time
			for _, k := range e.Keys[1:] {
				also := s
				also.Keys, also.Traits = []Key{k}, nil
				all = append(all, also)
			}
			s.Keys = e.Keys[:1]
		}
		index[i] = len(all)
		all = append(all, s)
		if !simple || len(e.Keys) > 1 {
			clear(asked) // it may have made one person of two
		}
		if simple {
			asked[k] = index[i]
		}
	}
	numbers, err := p.people.Sighted(ctx, tx, all)
	if err != nil {
		return err
	}
	for i, w := range open {
		w.customer = numbers[index[i]]
	}
	if b.last > done {
		return advance(ctx, tx, progressPeople, b.last)
	}
	return nil
}

// once leaves out what would count twice when it is told again.
func once(ops []TraitOp) []TraitOp {
	var out []TraitOp
	for _, op := range ops {
		if op.Op != "inc" && op.Op != "append" {
			out = append(out, op)
		}
	}
	return out
}

// arrivals reports whether the batch tells of arrivals that were not told a moment ago.
func (p *Pipeline) arrivals(b *batch) bool {
	for _, w := range b.works {
		if w.touch == nil {
			continue
		}
		if last, ok := p.numbers.touch(w.customer); ok && w.customer != 0 && same(*w.touch, last) {
			w.touch = nil
			continue
		}
		return true
	}
	return false
}

func (p *Pipeline) saveArrivals(ctx context.Context, tx *store.Tx, b *batch) error {
	var all []told
	for _, w := range b.works {
		if w.touch != nil && w.customer != 0 {
			all = append(all, told{w.customer, *w.touch})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return saveTouches(ctx, tx, all)
}

func (p *Pipeline) saveLetters(ctx context.Context, tx *store.Tx, b *batch) error {
	if len(b.letters) == 0 {
		return nil
	}
	if err := saveLetters(ctx, tx, b.letters); err != nil {
		return err
	}
	for source := range b.letterN {
		n, err := trimLetters(ctx, tx, source)
		if err != nil {
			return err
		}
		b.lost[source] = n
	}
	return nil
}

// remember keeps the people of a batch for the next ones. When keys changed hands meanwhile, what is known of others is
// forgotten, and that of this batch is not trusted either.
func (p *Pipeline) remember(before, after uint64, open []*work, b *batch) {
	for source, n := range b.lost {
		b.counts[[3]string{source, p.day(p.desk.now()), dropped}] += n
	}
	p.numbers.of(after)
	if before == after {
		for _, w := range open {
			if w.event.Kind != Unbind && w.customer != 0 {
				p.numbers.keep(w.event.Keys, w.customer)
			}
		}
	}
	for _, w := range b.works {
		if w.touch != nil && w.customer != 0 {
			p.numbers.arrived(w.customer, *w.touch)
		}
	}
}

// messagesOf packs facts: those of one noun together, in order, the doubtful apart.
func messagesOf(works []*work) []stream.Message {
	type box struct {
		noun  string
		doubt bool
	}
	type parcel struct {
		facts []event.Fact
		bytes int
	}
	open := map[box]*parcel{}
	var order []box
	var out []stream.Message
	seal := func(k box) {
		parcel := open[k]
		if len(parcel.facts) == 0 {
			return
		}
		ids := make([]string, len(parcel.facts))
		for i, f := range parcel.facts {
			ids[i] = f.ID
		}
		out = append(out, stream.Message{ID: id.From("col", ids...), Noun: k.noun, Maybe: k.doubt, Facts: parcel.facts})
		parcel.facts, parcel.bytes = nil, 0
	}
	for _, w := range works {
		for _, f := range w.facts {
			noun, _, _ := strings.Cut(f.Name, ".")
			k := box{noun, w.doubtful}
			if open[k] == nil {
				open[k] = &parcel{}
				order = append(order, k)
			}
			if open[k].facts == nil {
				open[k].facts = make([]event.Fact, 0, min(len(works), messageFacts))
			}
			open[k].facts = append(open[k].facts, f)
			open[k].bytes += len(f.Props)
			if len(open[k].facts) >= messageFacts || open[k].bytes >= messageBytes {
				seal(k)
			}
		}
	}
	for _, k := range order {
		seal(k)
	}
	return out
}
