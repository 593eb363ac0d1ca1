package demo

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
)

// Importer takes the brand's history, as an operator would hand it in.
type Importer interface {
	// ImportDemo imports a file and returns when all of it is in; a file that is in already changes nothing.
	ImportDemo(ctx context.Context, file File) error
}

// Newcomer is a customer as the brand's member system knows them.
type Newcomer struct {
	Card, Name, Phone, Email, Gender, Birthday string
	Province, City, Source, Store, Level       string
	Registered                                 time.Time
	TakesPhone, TakesMail                      bool // agreed to messages, to e-mail
}

// Sale is an order (or a whole order given back) as a shop system reports it.
type Sale struct {
	Number, Channel, Store string
	Card                   string
	At                     time.Time
	Return                 bool
	Lines                  []SaleLine
}

// SaleLine is one line of a Sale; AmountFen is of the line.
type SaleLine struct {
	SKU, Name, Category string
	Quantity, AmountFen int64
}

// Shop is where the brand's shop systems report what happens day by day.
type Shop interface {
	// Record takes newcomers and then sales in, each at most once however often it is told.
	Record(ctx context.Context, newcomers []Newcomer, sales []Sale) error
}

// Directory knows who is who.
type Directory interface {
	// NumbersByCard returns the customer numbers of all member card numbers.
	NumbersByCard(ctx context.Context) (map[string]uint32, error)
}

// Message is one message or task that reached a person.
type Message struct {
	ID       string
	Customer uint32
	Channel  string
	Layer    string // that its strategy was written for
	Benefit  bool
	At       time.Time
}

// Reach is what a person can do with what reached them: the doors of the product that are open to the public, and
// the guide's task list.
type Reach interface {
	// ReachedBetween returns what reached people after one instant and not after another, in the order of time and id.
	ReachedBetween(ctx context.Context, after, until time.Time) ([]Message, error)
	Open(ctx context.Context, message string) error
	Click(ctx context.Context, message string) error
	Leave(ctx context.Context, message string) error
	// Answer reports on a task: the guide got through, or did not.
	Answer(ctx context.Context, task string, through bool) error
}

// Loop is the product's own work, done now instead of when its timers fire.
type Loop interface {
	// Due starts the campaigns whose time has come and sends what may be sent, and returns when nothing is left to do now.
	Due(ctx context.Context) error
	// Refresh brings all facts to the warehouse and computes layers and segments anew.
	Refresh(ctx context.Context) error
}

// Doors are the parts of the product that the demo brand goes through; nothing else of it is touched.
type Doors struct {
	Importer  Importer
	Shop      Shop
	Directory Directory
	Reach     Reach
	Loop      Loop
	Handset   Handset
	Clicks    Clicks // nil: the pages of the shop tell nothing
}

// Service is the demo brand at work.
type Service struct {
	db    *store.DB
	clock *clock.Shifted
	doors Doors
	log   *slog.Logger
	dir   string // scratch folder for the history's files
	opt   func(today time.Time) Options

	mu      sync.Mutex // held while the world moves
	world   *World
	numbers []uint32 // customer number by person
	heard   time.Time
	owed    ledger

	show     sync.Mutex // for what is shown while the world moves
	person   map[uint32]int
	tastes   []taste
	progress Progress
}

// Progress is how far an advance has come.
type Progress struct {
	Running bool   `json:"running"`
	Day     int    `json:"day" doc:"Days done"`
	Days    int    `json:"days" doc:"Days asked for"`
	Stage   string `json:"stage" enum:"idle,seeding,living,sending,refreshing" doc:"What is being done"`
	Error   string `json:"error,omitempty" doc:"Why the last advance stopped early"`
	Orders  int    `json:"orders" doc:"Orders placed so far in this advance"`
	Opens   int    `json:"opens" doc:"Messages opened so far in this advance"`
}

// Status is the demo brand at a glance.
type Status struct {
	Now      time.Time `json:"now" doc:"The brand's present"`
	People   int       `json:"people" doc:"Customers, those who came since the start included"`
	Progress Progress  `json:"progress"`
}

// NewService returns the demo brand over a store whose process runs on shifted. Files are written to dir.
func NewService(db *store.DB, shifted *clock.Shifted, doors Doors, dir string, options func(today time.Time) Options, log *slog.Logger) *Service {
	return &Service{db: db, clock: shifted, doors: doors, dir: dir, opt: options, log: log, progress: Progress{Stage: "idle"}}
}

// openAt is the hour of the business day at which the brand's clock is set; sending is allowed then.
const openAt = 10

// SetClock puts the clock where the brand was left, or, for a new brand, at the morning of today (zero: the machine's).
// Call it before anything else of the process looks at the clock.
func SetClock(ctx context.Context, db *store.DB, shifted *clock.Shifted, today time.Time) error {
	if today.IsZero() {
		today = clock.System()
	}
	b, err := loadBrand(ctx, db)
	switch {
	case errs.Is(err, errs.NotFound):
		b.Now = midnight(today).Add(openAt * time.Hour)
	case err != nil:
		return err
	}
	shifted.SetOffset(b.Now.Sub(clock.System()))
	return nil
}

// Present reports whether the store holds a demo brand.
func Present(ctx context.Context, q store.Querier) (bool, error) {
	_, err := store.One[int64](ctx, q, `SELECT now FROM demo_brands WHERE id = ?`, brandID)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Prepare makes the brand's history and imports it where that has not been done, and remembers the world otherwise.
// It reports what it is doing to say, and returns whether the brand is new.
func (s *Service) Prepare(ctx context.Context, say func(stage string)) (fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := loadBrand(ctx, s.db)
	if err == nil && b.Ready {
		if s.world, err = Load(b.World); err != nil {
			return false, err
		}
		s.heard = b.HeardUntil
		return false, s.meet(ctx)
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return false, err
	}
	today := s.clock.Now()
	say("people")
	world, files, visits, err := WriteHistory(s.dir, s.opt(today))
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(s.dir)
	s.world, s.heard = world, today
	if err := s.keep(ctx, false); err != nil { // so that a start that is cut short goes on with the same day
		return false, err
	}
	for _, f := range files {
		say(f.Target + " " + f.Channel)
		if err := s.doors.Importer.ImportDemo(ctx, f); err != nil {
			return false, fmt.Errorf("import demo %s of %s: %w", f.Target, f.Channel, err)
		}
	}
	if err := s.meet(ctx); err != nil {
		return false, err
	}
	s.owed.visits = visits
	if err := s.live(ctx, today); err != nil {
		return false, err
	}
	say("layers")
	err = s.settle(ctx)
	s.note(func(p *Progress) { *p = Progress{Stage: "idle"} })
	return true, err
}

// keep writes down where the world stands, and with it, together or not at all, who looked at what on the way there:
// a day that is lived again after a crash must not be counted twice.
func (s *Service) keep(ctx context.Context, ready bool, visits ...Act) error {
	world, err := s.world.Save()
	if err != nil {
		return err
	}
	facts := make([]event.Fact, len(visits))
	for i, a := range visits {
		it := products[a.Product]
		facts[i] = event.Fact{
			ID:   id.From("viw", Key(a.Person), a.At.UTC().Format(time.RFC3339), it.SKU),
			Name: event.PageViewed, Customer: s.numbers[a.Person], At: a.At, Subject: it.SKU,
			Product: it.SKU, Category: it.Category, Channel: shops[a.Shop].Channel,
		}
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := outbox.Append(ctx, tx, facts...); err != nil {
			return err
		}
		return saveBrand(ctx, tx, brand{ID: brandID, Now: s.clock.Now(), HeardUntil: s.heard, Ready: ready, World: world})
	})
}

// meet finds out the customer numbers of the brand's people.
func (s *Service) meet(ctx context.Context) error {
	byCard, err := s.doors.Directory.NumbersByCard(ctx)
	if err != nil {
		return err
	}
	numbers, person, tastes := make([]uint32, s.world.Size()), make(map[uint32]int, s.world.Size()), make([]taste, s.world.Size())
	for i := range numbers {
		n := byCard[Key(i)]
		if n == 0 {
			return fmt.Errorf("demo: %s was not imported", Key(i))
		}
		p := &s.world.people[i]
		numbers[i], person[n], tastes[i] = n, i, taste{p.Pet, p.Food}
	}
	s.show.Lock()
	defer s.show.Unlock()
	s.numbers, s.person, s.tastes = numbers, person, tastes
	return nil
}

// Reveal computes what a message to these customers truly changes over a window of whole days from an instant that is
// now or a little earlier; reached says whom of them it got to. It exists so that tests can compare what the product
// measures with the truth; nothing that serves an operator may ask it.
func (s *Service) Reveal(customers []uint32, reached func(uint32) bool, a Appeal, at time.Time, days int) Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	people := make([]int, 0, len(customers))
	got := map[int]bool{}
	for _, n := range customers {
		if i, ours := s.person[n]; ours {
			people = append(people, i)
			got[i] = reached(n)
		}
	}
	return s.world.Truth(people, func(i int) bool { return got[i] }, a, at, days)
}

// Status returns where the brand stands.
func (s *Service) Status() Status {
	s.show.Lock()
	defer s.show.Unlock()
	return Status{Now: s.clock.Now(), People: len(s.numbers), Progress: s.progress}
}

// KeepTime remembers the clock every minute and at the end of ctx, so that the brand's time never goes back.
func (s *Service) KeepTime(ctx context.Context) error {
	tick, stroll := time.NewTicker(time.Minute), time.NewTicker(strollEach)
	defer tick.Stop()
	defer stroll.Stop()
	for {
		select {
		case <-ctx.Done():
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer stop()
			_, err := s.db.Exec(last, `UPDATE demo_brands SET now = ? WHERE id = ?`, s.clock.Now(), brandID)
			return err
		case <-stroll.C:
			if err := s.stroll(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "demo clicks not taken", "error", err)
			}
		case <-tick.C:
			if _, err := s.db.Exec(ctx, `UPDATE demo_brands SET now = ? WHERE id = ?`, s.clock.Now(), brandID); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "demo clock not kept", "error", err)
			}
		}
	}
}
