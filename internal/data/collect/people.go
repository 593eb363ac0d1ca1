package collect

import (
	"context"
	"time"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
)

// FirstVisitor is the lowest number of a visitor: somebody who was seen but is not known to be a customer. Visitors are in no
// universe; whoever becomes known goes on under the customer's number.
const FirstVisitor uint32 = 1 << 31

// People knows whose the keys of events are.
type People interface {
	// Sighted tells, within the caller's transaction, what sources said about people, in the order it happened, and returns
	// the number of each sighting's person as it stands after that sighting: a customer's, or a visitor's, which is given
	// to keys that nobody has had. 0 is for a sighting of no person: one without a usable key. Telling the same sighting
	// again links nothing new; traits that count ("inc", "append") are told once only.
	Sighted(ctx context.Context, tx *store.Tx, all []Sighting) ([]uint32, error)

	// Generation is a number that grows, in the transaction that causes it, whenever a key that was seen before may belong
	// to another number: a merge, an unbind, a split, a visitor who became known, an erasure. It is asked once per batch
	// and must be cheap: one row.
	Generation(ctx context.Context, q store.Querier) (uint64, error)
}

// Sighting is one event as far as it tells who somebody is.
type Sighting struct {
	Source   string // id of the source
	Protocol Protocol
	Kind     string    // of the event: Track, View, Identify, Bind, Unbind
	Keys     []Key     // strongest first; all of one person
	Unbind   bool      // the key, which is the only one, is somebody's no longer: it belongs to nobody until it is seen again
	Traits   []TraitOp // in order
	At       time.Time // when it happened
	Touch    *Touch    // how the person arrived, where the event says so: what a new person's source may be told from
}

// Touch is one arrival of a person at the brand's own ground.
type Touch = event.Touch
