package demo

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"time"

	"huoshui/internal/platform/store"
)

// brand is the one row that a demo directory keeps about its world.
type brand struct {
	ID         string    `db:"id"`
	Now        time.Time `db:"now"`         // how far the brand's clock has come
	HeardUntil time.Time `db:"heard_until"` // messages sent before have been taken in
	Ready      bool      `db:"ready"`       // the history is all there
	World      []byte    `db:"world"`
}

const brandID = "demo"

// memory is what the world cannot work out again from its seed.
type memory struct {
	Options Options
	Clock   time.Time
	Lives   []life
	Pending []Act
	Daily   []float64
}

// Save returns the world as bytes.
func (w *World) Save() ([]byte, error) {
	var out bytes.Buffer
	err := gob.NewEncoder(&out).Encode(memory{w.opt, w.clock, w.lives, w.pending, w.daily})
	if err != nil {
		return nil, fmt.Errorf("save demo world: %w", err)
	}
	return out.Bytes(), nil
}

// Load returns the world that Save wrote.
func Load(b []byte) (*World, error) {
	var m memory
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&m); err != nil {
		return nil, fmt.Errorf("load demo world: %w", err)
	}
	w := &World{opt: m.Options, clock: m.Clock, lives: m.Lives, pending: m.Pending, daily: m.Daily}
	for i := range w.lives {
		w.people = append(w.people, newPerson(w.opt.Seed, i))
	}
	return w, nil
}

// Clone returns a copy that can be lived, or asked for the truth, without touching the original.
func (w *World) Clone() *World {
	c := *w
	c.people = append([]person(nil), w.people...)
	c.lives = append([]life(nil), w.lives...)
	c.pending = append([]Act(nil), w.pending...)
	return &c
}

func loadBrand(ctx context.Context, q store.Querier) (brand, error) {
	return store.One[brand](ctx, q, `SELECT * FROM demo_brands WHERE id = ?`, brandID)
}

func saveBrand(ctx context.Context, tx *store.Tx, b brand) error {
	_, err := tx.Exec(ctx, `INSERT INTO demo_brands (id, now, heard_until, ready, world) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET now = excluded.now, heard_until = excluded.heard_until, ready = excluded.ready, world = excluded.world`,
		brandID, b.Now, b.HeardUntil, b.Ready, b.World)
	return err
}
