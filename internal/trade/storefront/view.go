package storefront

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
)

// Stream is where facts are read from.
type Stream interface {
	LastSeq(ctx context.Context) (uint64, error)
	Read(ctx context.Context, from uint64, batch int, fn func(ctx context.Context, batch []stream.Message) error) error
}

// cursorStep is after how many messages without a visit the cursor is written all the same.
const cursorStep = 4096

// keptViews is how many goods are remembered that a customer looked at last.
const keptViews = 40

// RunViews notes what customers look at, from the facts of their visits, until ctx ends. How far it has read is stored with what it
// noted.
func (s *Service) RunViews(ctx context.Context, from Stream, log *slog.Logger) error {
	seq, err := store.One[int64](ctx, s.DB, `SELECT seq FROM store_view_cursor WHERE id = 1`)
	if errs.Is(err, errs.NotFound) { // what was looked at before there were recommendations is of no use to them
		var last uint64
		if last, err = from.LastSeq(ctx); err == nil {
			seq = int64(last)
			err = s.DB.Tx(ctx, func(tx *store.Tx) error { return putCursor(ctx, tx, last) })
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return from.Read(ctx, uint64(seq)+1, 256, func(ctx context.Context, batch []stream.Message) error {
		err := s.hear(ctx, batch)
		if err != nil {
			log.WarnContext(ctx, "store views; the visits come again", "error", err)
		}
		return err
	})
}

func putCursor(ctx context.Context, tx *store.Tx, seq uint64) error {
	_, err := tx.Exec(ctx, `INSERT INTO store_view_cursor (id, seq) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq`, int64(seq))
	return err
}

// view is goods that a customer looked at, as a row.
type view struct {
	ID       string    `db:"id"`
	Customer uint32    `db:"customer"`
	Goods    string    `db:"goods_id"`
	At       time.Time `db:"at"`
}

// hear notes the visits of a batch. A product is named by a SKU, or by the goods' own id.
func (s *Service) hear(ctx context.Context, batch []stream.Message) error {
	latest := map[uint32]map[string]time.Time{}
	named := map[string]place{}
	for _, m := range batch {
		for _, f := range m.Facts {
			if f.Name != event.ProductViewed || f.Customer == 0 || f.Product == "" {
				continue
			}
			if latest[f.Customer] == nil {
				latest[f.Customer] = map[string]time.Time{}
			}
			if at := latest[f.Customer][f.Product]; f.At.After(at) {
				latest[f.Customer][f.Product] = f.At
			}
			named[f.Product] = place{}
		}
	}
	last := batch[len(batch)-1].Seq
	if len(named) == 0 {
		if batch[0].Seq/cursorStep == last/cursorStep {
			return nil // reading it once more costs less than writing
		}
		return s.DB.Tx(ctx, func(tx *store.Tx) error { return putCursor(ctx, tx, last) })
	}
	goods := map[string]string{}
	products := make([]string, 0, len(named))
	for p := range named {
		products = append(products, p)
	}
	for part := range slices.Chunk(products, 500) {
		marks := store.Marks(len(part))
		args := make([]any, 0, 2*len(part))
		for range 2 {
			for _, p := range part {
				args = append(args, p)
			}
		}
		type known struct {
			Product string `db:"product"`
			Goods   string `db:"goods_id"`
		}
		err := store.Each(ctx, s.DB, `SELECT code AS product, goods_id FROM skus WHERE code IN (`+marks+`) UNION ALL SELECT id AS product, id AS goods_id FROM goods WHERE id IN (`+marks+`)`, args, func(k known) error {
			goods[k.Product] = k.Goods
			return nil
		})
		if err != nil {
			return fmt.Errorf("store views: %w", err)
		}
	}
	return s.DB.Tx(ctx, func(tx *store.Tx) error {
		for customer, all := range latest {
			for product, at := range all {
				if goods[product] == "" {
					continue
				}
				v := view{id.From("vw", fmt.Sprint(customer), goods[product]), customer, goods[product], at}
				if _, err := store.InsertAll(ctx, tx, "store_views", []view{v}, `ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE store_views.at < excluded.at`); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `DELETE FROM store_views WHERE customer = ? AND at < (SELECT MIN(l.at) FROM (SELECT at FROM store_views WHERE customer = ? ORDER BY at DESC LIMIT ?) l)`,
				int64(customer), int64(customer), keptViews); err != nil {
				return err
			}
		}
		return putCursor(ctx, tx, last)
	})
}

// Mover moves what customers looked at when they turn out to be one, and back, and forgets it.
type Mover struct{}

// MoveCustomers gives the views of each key of to to its value.
func (Mover) MoveCustomers(ctx context.Context, tx *store.Tx, to map[uint32]uint32) (map[uint32]json.RawMessage, error) {
	by, err := store.MoveRows(ctx, tx, "store_views", "id", "", to)
	if err != nil {
		return nil, err
	}
	return store.Records(by)
}

// ReturnCustomer gives views back that are still the holder's.
func (Mover) ReturnCustomer(ctx context.Context, tx *store.Tx, from, holder uint32, moved json.RawMessage) error {
	var ids []string
	if err := json.Unmarshal(moved, &ids); err != nil {
		return err
	}
	return store.GiveRows(ctx, tx, "store_views", "id", ids, holder, from)
}

// EraseCustomers forgets what customers looked at.
func (Mover) EraseCustomers(ctx context.Context, tx *store.Tx, numbers []uint32) error {
	for part := range slices.Chunk(numbers, 500) {
		var w store.Where
		store.In(&w, "customer", part)
		if _, err := tx.Exec(ctx, `DELETE FROM store_views`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}
