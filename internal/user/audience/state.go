package audience

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/warehouse"
)

// State is the newest snapshot of every customer, as columns indexed by customer number (cell 0 is unused; a cell of
// nobody holds zeros). The layer package fills it after a pass; the warehouse keeps it, so that a
// list of a million customers sorts and filters at once, and segments ask it for layer, stage and RFM.
type State = warehouse.State

// Layering is what the layer package adds to a refresh; declared here because the refresh is what calls it.
type Layering interface {
	// Prepare reads the definitions in force and returns the part they play in one pass.
	Prepare(ctx context.Context, asOf time.Time) (LayerPass, error)
}

// LayerPass is one refresh as the layer package sees it: a fold over every person, then an end where quantiles are
// known and every person gets scores, stage, and the one layer.
type LayerPass interface {
	Fold
	// Finish turns what the fold gathered into the state of everybody in the universe.
	// It does no I/O: Save follows when the whole refresh has succeeded.
	Finish(ctx context.Context, universe *roaring.Bitmap) (*State, error)
	// Save stores the snapshot of the day, the definitions it was computed with, and the facts of who changed layer.
	Save(ctx context.Context, asOf time.Time, seq uint64) error
}
