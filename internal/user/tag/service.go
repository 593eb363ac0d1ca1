package tag

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/audience"
)

const roll = audience.TagRoll

// Service keeps tags and who carries them.
type Service struct {
	db       *store.DB
	segments *audience.Service
	now      clock.Clock
	zone     *time.Location
	uses     Uses // nil: nobody uses tags but segments
	words    cutter
}

// NewService returns the service, which asks along in the passes of segments from now on.
func NewService(db *store.DB, segments *audience.Service, now clock.Clock, uses Uses) *Service {
	s := &Service{db: db, segments: segments, now: now, zone: segments.Engine().Zone(), uses: uses}
	segments.UseTags(s.Carriers)
	segments.UseAsker(s)
	return s
}

// Carriers returns who carries a tag; the bitmap is the caller's own.
func (s *Service) Carriers(ctx context.Context, id string) (*roaring.Bitmap, error) {
	t, err := byID(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	if t.Archived {
		return nil, errs.New(errs.Conflict, "tag.archived", "tag %q has been put away", t.Name)
	}
	return roll.People(ctx, s.db, id)
}

// Groups returns all groups, in their order.
func (s *Service) Groups(ctx context.Context) ([]Group, error) {
	return store.All[Group](ctx, s.db, `SELECT * FROM tag_groups ORDER BY position, name, id`)
}

// AddGroup makes a group, or a category of a group.
func (s *Service) AddGroup(ctx context.Context, name, parent string) (Group, error) {
	g := Group{ID: id.New("tgg"), Name: strings.TrimSpace(name), Parent: parent}
	if err := checkName(g.Name); err != nil {
		return g, err
	}
	return g, s.db.Tx(ctx, func(tx *store.Tx) error {
		if parent != "" {
			above, err := groupByID(ctx, tx, parent)
			if err != nil {
				return err
			}
			if above.Parent != "" {
				return invalid("parent", "a category has no categories of its own")
			}
		}
		last, err := store.One[int64](ctx, tx, `SELECT COALESCE(MAX(position), 0) FROM tag_groups`)
		if err != nil {
			return err
		}
		g.Position = last + 1
		return store.Insert(ctx, tx, "tag_groups", g)
	})
}

func groupByID(ctx context.Context, q store.Querier, id string) (Group, error) {
	g, err := store.One[Group](ctx, q, `SELECT * FROM tag_groups WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return g, errs.New(errs.NotFound, "tag.no_group", "there is no group %s", id).At("group")
	}
	return g, err
}

// RenameGroup gives a group another name.
func (s *Service) RenameGroup(ctx context.Context, id, name string) (Group, error) {
	name = strings.TrimSpace(name)
	if err := checkName(name); err != nil {
		return Group{}, err
	}
	g, err := groupByID(ctx, s.db, id)
	if err != nil {
		return g, err
	}
	g.Name = name
	return g, s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE tag_groups SET name = ? WHERE id = ?`, name, id)
		return err
	})
}

// DropGroup takes away a group that holds nothing.
func (s *Service) DropGroup(ctx context.Context, id string) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		n, err := store.One[int64](ctx, tx, `SELECT (SELECT COUNT(*) FROM tags WHERE group_id = ?) + (SELECT COUNT(*) FROM tag_groups WHERE parent = ?)`, id, id)
		if err != nil {
			return err
		}
		if n > 0 {
			return errs.New(errs.Conflict, "tag.group_used", "the group still holds %d tags or categories", n).With("count", n)
		}
		_, err = tx.Exec(ctx, `DELETE FROM tag_groups WHERE id = ?`, id)
		return err
	})
}

// List returns all tags that are put away, or all that are not, by group and name.
func (s *Service) List(ctx context.Context, archived bool) ([]Tag, error) {
	return store.All[Tag](ctx, s.db, `SELECT * FROM tags WHERE archived = ? ORDER BY group_id, name, id`, archived)
}

// Get returns a tag.
func (s *Service) Get(ctx context.Context, id string) (Tag, error) { return byID(ctx, s.db, id) }

// History returns how many carried a tag by day, oldest first, at most the last 400 days that have a number.
func (s *Service) History(ctx context.Context, id string) ([]audience.DaySize, error) {
	if _, err := byID(ctx, s.db, id); err != nil {
		return nil, err
	}
	days, err := roll.Sizes(ctx, s.db, id, 400)
	slices.Reverse(days)
	return days, err
}

// Create saves a tag. Who carries a rule's tag is told at once, who carries a statistic's with the next refresh, which begins soon.
func (s *Service) Create(ctx context.Context, d Draft, by string) (Tag, error) {
	if err := d.check(); err != nil {
		return Tag{}, err
	}
	if err := s.circle("", d.Rule); err != nil {
		return Tag{}, err
	}
	if _, err := groupByID(ctx, s.db, d.Group); err != nil {
		return Tag{}, err
	}
	t := newTag(id.New("tag"), d, by, s.now())
	people, err := s.ruled(ctx, &t)
	if err != nil {
		return t, err
	}
	if err := s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "tags", t) }); err != nil {
		return t, err
	}
	return s.told(ctx, t, people, Why{Code: "rule"})
}

// Change replaces a tag's words; version is the one the writer saw. Its kind stays.
func (s *Service) Change(ctx context.Context, id string, version int64, d Draft, by string) (Tag, error) {
	t, err := byID(ctx, s.db, id)
	if err != nil {
		return t, err
	}
	d.Kind = t.Kind
	if t.Parent != "" {
		return t, errs.New(errs.Invalid, "tag.value", "a value of a statistic is told by the statistic")
	}
	if err := d.check(); err != nil {
		return t, err
	}
	if err := s.circle(id, d.Rule); err != nil {
		return t, err
	}
	if t.Version != version {
		return t, errs.New(errs.Conflict, "tag.changed", "somebody else has changed this tag; look at it again")
	}
	t.word(d, s.now())
	t.Version++
	people, err := s.ruled(ctx, &t)
	if err != nil {
		return t, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if _, err := groupByID(ctx, tx, t.Group); err != nil {
			return err
		}
		if err := put(ctx, tx, t, version); err != nil {
			return err
		}
		if t.Kind != ByStatistic {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE tags SET group_id = ?, colour = ?, owner = ? WHERE parent = ?`, t.Group, t.Colour, t.Owner, t.ID)
		return err
	})
	if err != nil {
		return t, err
	}
	return s.told(ctx, t, people, Why{Code: "words", By: by})
}

// circle refuses a rule that asks for its own tag.
func (s *Service) circle(id string, rule *audience.Condition) error {
	if rule != nil && id != "" && slices.Contains(rule.Tags(), id) {
		return errs.New(errs.Invalid, "tag.cycle", "a rule cannot ask for its own tag").At("rule")
	}
	return nil
}

// ruled answers a rule's condition now; nil for other kinds.
func (s *Service) ruled(ctx context.Context, t *Tag) (*roaring.Bitmap, error) {
	if t.Kind != Rule {
		return nil, nil
	}
	return s.segments.People(ctx, *t.Rule)
}

// told puts a tag on people by its new words, and has computed what only a refresh can tell.
func (s *Service) told(ctx context.Context, t Tag, people *roaring.Bitmap, why Why) (Tag, error) {
	defer s.segments.Reworded()
	switch t.Kind {
	case Rule:
		before, err := roll.People(ctx, s.db, t.ID)
		if err != nil {
			return t, err
		}
		if _, _, err := s.replace(ctx, t, before, people, s.now(), always(why)); err != nil {
			return t, err
		}
	case ByStatistic, ByBelief:
		s.segments.Kick()
	case Keyword:
		if err := s.readBack(ctx, t); err != nil {
			return t, err
		}
	}
	return byID(ctx, s.db, t.ID)
}

// Archive puts a tag away, with the values of a statistic, or takes it back; one that is in use stays.
func (s *Service) Archive(ctx context.Context, id string, archived bool) (Tag, error) {
	t, err := byID(ctx, s.db, id)
	if err != nil || t.Archived == archived {
		return t, err
	}
	if archived {
		uses, err := s.Uses(ctx)
		if err != nil {
			return t, err
		}
		if names := uses.names(id); len(names) > 0 {
			return t, errs.New(errs.Conflict, "tag.used", "used by %s", strings.Join(names, ", ")).With("names", strings.Join(names, "、"))
		}
	}
	t.Archived, t.UpdatedAt = archived, s.now()
	defer s.segments.Reworded()
	return t, s.db.Tx(ctx, func(tx *store.Tx) error {
		if err := put(ctx, tx, t, t.Version); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE tags SET archived = ? WHERE parent = ?`, archived, id)
		return err
	})
}

// replace puts a tag on people instead of those before, saying so as facts.
func (s *Service) replace(ctx context.Context, t Tag, before, people *roaring.Bitmap, at time.Time, why func(uint32) Why) (came, gone int64, err error) {
	turn := s.turn(t, at, why)
	return roll.Replace(ctx, s.db, turn, before, people)
}

func always(why Why) func(uint32) Why { return func(uint32) Why { return why } }

func (s *Service) turn(t Tag, at time.Time, why func(uint32) Why) audience.Turn {
	turn := audience.Turn{
		List: t.ID, Version: t.Version, At: at, Day: at.In(s.zone).Format(time.DateOnly),
		Current: func(ctx context.Context, tx *store.Tx) (bool, error) {
			now, err := byID(ctx, tx, t.ID)
			return now.Version == t.Version && !now.Archived, err
		},
		Fact: func(customer uint32, came bool) event.Fact { return fact(t, came, why(customer)) },
	}
	turn.Done = settled(t, turn)
	return turn
}

// fact is what is said when a tag is put on somebody or taken off, but for who and when.
func fact(t Tag, came bool, why Why) event.Fact {
	f := event.Fact{Name: event.TagRemoved, Subject: t.ID, Detail: string(t.Kind)}
	if came {
		f.Name = event.TagAdded
	}
	switch why.Code {
	case "hand":
		f.Detail = "manual"
	case "file":
		f.Detail = "import"
	case "words":
		f.Detail = "definition"
	}
	props, err := json.Marshal(map[string]Why{"why": why})
	if err == nil { // texts and numbers always can be written
		f.Props = props
	}
	return f
}
