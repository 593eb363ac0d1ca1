package warehouse

import (
	"context"
	"fmt"
	"strings"
)

// stateWhole is the chunk that says that all chunks of a version are there.
const stateWhole uint32 = 1<<32 - 1

// stateAtOnce is about how many bytes of chunks one insert writes.
const stateAtOnce = 32 << 20

// saveState writes a new version, and drops those before the last: somebody may be reading that.
func (e *clickhouse) saveState(ctx context.Context, asOf int64, chunks int, body func(chunk int, room []byte) []byte) error {
	last, err := e.first().count(ctx, "SELECT max(version) FROM state")
	if err != nil {
		return err
	}
	version := last + 1
	b := newBlock(strings.Split(stateColumns, ", ")...)
	for chunk := range chunks {
		packed := body(chunk, nil)
		if packed == nil {
			continue
		}
		b.add(version, uint32(chunk), asOf, packed)
		if b.size() > stateAtOnce {
			if err := e.first().insert(ctx, "state", b, ""); err != nil {
				return err
			}
			b = newBlock(strings.Split(stateColumns, ", ")...)
		}
	}
	if err := e.first().insert(ctx, "state", b, ""); err != nil {
		return err
	}
	b = newBlock(strings.Split(stateColumns, ", ")...)
	b.add(version, stateWhole, asOf, "")
	if err := e.first().insert(ctx, "state", b, ""); err != nil {
		return err
	}
	var old []uint64
	err = e.first().rows(ctx, fmt.Sprintf("SELECT version FROM state WHERE version < %d GROUP BY version", last), func(row func(int) any) error {
		old = append(old, row(0).(uint64))
		return nil
	})
	for _, v := range old {
		if err == nil {
			err = e.first().exec(ctx, fmt.Sprintf("ALTER TABLE state DROP PARTITION %d", v))
		}
	}
	return err
}

func (e *clickhouse) loadState(ctx context.Context, take func(chunk uint32, asOf int64, body []byte) error) error {
	version, err := e.first().count(ctx, fmt.Sprintf("SELECT max(version) FROM state WHERE chunk = %d", stateWhole))
	if err != nil {
		return err
	}
	return e.first().rows(ctx, fmt.Sprintf("SELECT chunk, as_of, body FROM state WHERE version = %d AND chunk < %d ORDER BY chunk DESC", version, stateWhole), func(row func(int) any) error {
		return take(uint32(row(0).(uint64)), row(1).(int64), []byte(row(2).(string)))
	})
}
