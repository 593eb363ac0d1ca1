package tag

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/warehouse"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// Stream is where facts come from, in order.
type Stream interface {
	LastSeq(ctx context.Context) (uint64, error)
	ReadBare(ctx context.Context, from uint64, batch int, fn func(ctx context.Context, batch []stream.Bare) error) error
}

const cursorName = "said"

// RunSaid reads what people say as it comes, and puts keyword tags on them, until ctx ends. How far it has read is stored with what
// it found, so that a text counts once whenever the process dies.
func (s *Service) RunSaid(ctx context.Context, from Stream, log *slog.Logger) error {
	seq, err := store.One[int64](ctx, s.db, `SELECT seq FROM tag_cursors WHERE name = ?`, cursorName)
	if errs.Is(err, errs.NotFound) { // what was said before is read when a tag is made
		var last uint64
		if last, err = from.LastSeq(ctx); err == nil {
			seq = int64(last)
			err = s.db.Tx(ctx, func(tx *store.Tx) error { return putCursor(ctx, tx, last) })
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return from.ReadBare(ctx, uint64(seq)+1, 256, func(ctx context.Context, batch []stream.Bare) error {
		if err := s.hear(ctx, batch); err != nil {
			log.WarnContext(ctx, "keyword tags; the texts come again", "error", err)
			return err
		}
		return nil
	})
}

func putCursor(ctx context.Context, tx *store.Tx, seq uint64) error {
	_, err := tx.Exec(ctx, `INSERT INTO tag_cursors (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq`, cursorName, int64(seq))
	return err
}

// listener is words that are listened for: those of a keyword tag, or evidence of a fuzzy one.
type listener struct {
	tag    Tag
	words  *Keywords
	weight float64 // of evidence
}

func (s *Service) listeners(ctx context.Context) ([]listener, error) {
	keyword, err := computed(ctx, s.db, Keyword)
	if err != nil {
		return nil, err
	}
	fuzzy, err := computed(ctx, s.db, ByBelief)
	if err != nil {
		return nil, err
	}
	var out []listener
	for _, t := range keyword {
		out = append(out, listener{tag: t, words: t.Keywords})
	}
	for _, t := range fuzzy {
		for _, e := range t.Fuzzy.Evidence {
			if e.Keywords != nil {
				out = append(out, listener{t, e.Keywords, e.Weight})
			}
		}
	}
	return out, nil
}

// said is who said what a listener listens for, with the sentence.
type said struct {
	listener
	people    *roaring.Bitmap
	sentences map[uint32]string // of those, no more than the batch has facts
}

// listen looks at a fact.
func (s *Service) listen(l listener, into *said, customer uint32, name string, props []byte) error {
	text := l.words.textOf(name, props)
	if text == "" || customer == 0 {
		return nil
	}
	sentence, err := s.words.find(text, l.words.Words)
	if err != nil || sentence == "" {
		return err
	}
	into.people.Add(customer)
	into.sentences[customer] = sentence
	return nil
}

// names are the facts that hold anything to listen to; messages without them pass at the cost of a look for their names.
func names(all []listener) map[string]bool {
	out := map[string]bool{}
	for _, l := range all {
		for _, source := range l.words.sources() {
			out[source.Fact] = true
		}
	}
	return out
}

func (s *Service) hear(ctx context.Context, batch []stream.Bare) error {
	all, err := s.listeners(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	found := make([]said, len(all))
	any := false
	for i, l := range all {
		found[i] = said{l, roaring.New(), map[uint32]string{}}
	}
	wanted := names(all)
	for _, m := range batch {
		if !event.Mentions(m.Body, wanted) {
			continue
		}
		facts, err := event.ParseFacts(m.Body)
		if err != nil { // never to be understood; the warehouse's loader says so
			continue
		}
		for _, f := range facts {
			if len(f.Props) == 0 || !wanted[f.Name] {
				continue
			}
			any = true
			for i, l := range all {
				if err := s.listen(l, &found[i], f.Customer, f.Name, f.Props); err != nil {
					return err
				}
			}
		}
	}
	if !any {
		return nil // read again after a restart, at no cost but reading
	}
	last := batch[len(batch)-1].Seq
	defer s.segments.Reworded()
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		seq, err := store.One[int64](ctx, tx, `SELECT seq FROM tag_cursors WHERE name = ?`, cursorName)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if uint64(seq) >= last {
			return nil
		}
		for _, f := range found {
			if err := s.heard(ctx, tx, f); err != nil {
				return err
			}
		}
		return putCursor(ctx, tx, last)
	})
}

// heard puts a keyword tag on who said it, or learns from it. A fuzzy tag's people are told anew at once.
func (s *Service) heard(ctx context.Context, tx *store.Tx, f said) error {
	if f.people.IsEmpty() {
		return nil
	}
	why := func(n uint32) Why { return Why{Code: "said", Text: f.sentences[n]} }
	at := s.now()
	if f.tag.Kind == Keyword {
		return s.mark(ctx, tx, f.tag, f.people, true, at, why)
	}
	if err := learn(ctx, tx, f.tag, f.people.ToArray(), f.weight, at, func(n uint32) Why { return Why{Code: "belief", Text: f.sentences[n]} }); err != nil {
		return err
	}
	sure := roaring.New()
	confidence := map[uint32]float64{}
	for it := f.people.Iterator(); it.HasNext(); {
		n := it.Next()
		b, err := store.One[belief](ctx, tx, `SELECT * FROM tag_beliefs WHERE tag_id = ? AND customer = ?`, f.tag.ID, int64(n))
		if err != nil {
			return err
		}
		if c := b.now(f.tag.Fuzzy, at); c >= f.tag.Fuzzy.Threshold {
			sure.Add(n)
			confidence[n] = c
		}
	}
	return s.mark(ctx, tx, f.tag, sure, true, at, func(n uint32) Why {
		return Why{Code: "belief", Share: confidence[n], Text: f.sentences[n]}
	})
}

// text is a fact that may hold a text.
type text struct {
	Customer uint32    `db:"customer"`
	At       time.Time `db:"ts"`
	Name     string    `db:"kind,text"`
	Props    string    `db:"props"`
}

// readBack puts a keyword tag on whoever said its words before it was made, or before its words changed; who does not say them any
// more loses it.
func (s *Service) readBack(ctx context.Context, t Tag) error {
	w := s.segments.Engine().Warehouse()
	var codes []string
	for _, source := range t.Keywords.sources() {
		if code := w.Code(source.Fact); code != warehouse.NoCode {
			codes = append(codes, strconv.FormatUint(uint64(code), 10))
		}
	}
	l := listener{tag: t, words: t.Keywords}
	found := said{l, roaring.New(), map[uint32]string{}}
	if len(codes) > 0 {
		err := warehouse.Each(ctx, w, `SELECT customer, ts, kind, props FROM facts WHERE kind IN (`+strings.Join(codes, ", ")+`) ORDER BY ts`, nil, func(x text) error {
			if found.people.Contains(x.Customer) { // the first is why
				return nil
			}
			return s.listen(l, &found, x.Customer, x.Name, []byte(x.Props))
		})
		if err != nil {
			return err
		}
	}
	before, err := roll.People(ctx, s.db, t.ID)
	if err != nil {
		return err
	}
	_, _, err = s.replace(ctx, t, before, found.people, s.now(), func(n uint32) Why {
		if sentence, ok := found.sentences[n]; ok {
			return Why{Code: "said", Text: sentence}
		}
		return Why{Code: "words"}
	})
	return err
}
