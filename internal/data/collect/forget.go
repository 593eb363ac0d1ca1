package collect

import (
	"context"
	"encoding/json"
	"slices"

	names "huoshui/internal/platform/named"
	"huoshui/internal/platform/store"
)

// Letters forgets people who are to be erased.
type Letters struct{}

// Forget takes away dead letters that name one of the people: in what came, or as whose event was understood and not taken.
func (Letters) Forget(ctx context.Context, tx *store.Tx, people names.People) error {
	var hers []string
	err := store.Each(ctx, tx, `SELECT * FROM dead_letters`, nil, func(l Letter) error {
		if l.names(people) {
			hers = append(hers, l.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(hers, 500) {
		var w store.Where
		store.In(&w, "id", some)
		if _, err := tx.Exec(ctx, `DELETE FROM dead_letters`+w.SQL(), w.Args()...); err != nil {
			return err
		}
	}
	return nil
}

func (l *Letter) names(people names.People) bool {
	if l.Protocol == protocolEvent {
		var e Event
		if json.Unmarshal([]byte(l.Raw), &e) == nil && slices.ContainsFunc(e.Keys, func(k Key) bool { return people.Has(k.Value) }) {
			return true
		}
	}
	return people.In(l.Detail) || people.InJSON(l.Raw)
}
