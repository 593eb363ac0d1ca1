package launch

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/store"
)

// Order is what a Doer is asked to do.
type Order struct {
	ID     string // of what it makes, written down before it is asked: the same id again is the same order
	Step   string // an audience of campaigns is named by it
	Launch *Launch
	Stage  *Stage
	Action *Action
	Wave   int64
	Name   string // what it may call what it makes
	Goods  []Goods
	From   time.Time
	Until  time.Time
	People *roaring.Bitmap // of message and coupons
	By     string
}

// Standing is how something stands that was made.
type Standing struct {
	State  string `json:"state" doc:"In the words of what it is: sending, done, on, over, stopped …"`
	Done   int64  `json:"done" doc:"Messages sent, coupons given, units taken, members who paid, deposits"`
	Total  int64  `json:"total" doc:"Of so many; 0 where there is no limit"`
	Effect bool   `json:"effect" doc:"Some people were held out: its effect is measured"`
}

// Doer carries out one kind of action. Every verb may be repeated with the same id and then changes nothing.
type Doer interface {
	// Prefix is what ids begin with of what it makes.
	Prefix() string
	// Check names what is missing or contradicts, of an action that may not be complete.
	Check(ctx context.Context, o Order) ([]Fault, error)
	// Do makes it, or goes on with what was begun under the id.
	Do(ctx context.Context, o Order) error
	// Undo takes back what can be taken back; what was never made is left alone.
	Undo(ctx context.Context, id string) error
	// Standing tells how it stands; NotFound when it was never made.
	Standing(ctx context.Context, id string) (Standing, error)
}

// Pauser is a Doer whose work can wait. It returns whether that changed anything.
type Pauser interface {
	Pause(ctx context.Context, id string, paused bool) (bool, error)
}

// Coverer is a Doer whose work is for people: Covered are those it was given for, Reached those who got it.
type Coverer interface {
	Covered(ctx context.Context, id string) (*roaring.Bitmap, error)
	Reached(ctx context.Context, id string) (*roaring.Bitmap, error)
}

// Copier is a Doer that can say what something would have to be made of.
type Copier interface {
	Copy(ctx context.Context, id string) (Offer, error)
}

// Goods are what a launch sells.
type Goods struct {
	ID    string
	Title string
	On    bool // on sale
	SKUs  []SKU
}

// SKU is one choice of goods.
type SKU struct {
	Code     string
	PriceFen int64
	Free     int64 // units that can be ordered
}

// Sold is what was bought of goods.
type Sold struct {
	People     *roaring.Bitmap
	Units      int64
	RevenueFen int64
}

// Trade knows what is sold.
type Trade interface {
	// Goods returns those of the goods that exist, in the order asked for.
	Goods(ctx context.Context, ids []string) ([]Goods, error)
	// Sold returns what was bought of SKUs within a window, without what was given back.
	Sold(ctx context.Context, skus []string, from, until time.Time) (Sold, error)
	// Deposits returns who paid a deposit of presales.
	Deposits(ctx context.Context, presales []string) (*roaring.Bitmap, error)
}

// People knows who is who. The bitmaps are the caller's own.
type People interface {
	// Resolve returns who is now in what a campaign's audience names.
	Resolve(ctx context.Context, kind, id string) (*roaring.Bitmap, error)
	// Looked returns who looked at goods on the days of a window.
	Looked(ctx context.Context, goods []string, from, until time.Time) (*roaring.Bitmap, error)
}

// Parts is what a Service is made of.
type Parts struct {
	DB     *store.DB
	Now    func() time.Time
	Zone   *time.Location
	Trade  Trade
	People People
	Doers  map[Kind]Doer // by what they do; NextWave is the service's own
}
