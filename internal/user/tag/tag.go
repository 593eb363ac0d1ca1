// Package tag keeps what is said of people: by hand, by a file, by a rule, by what they do most, by what they say. Who carries a tag is a
// bitmap; why and since when are facts.
package tag

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
	"huoshui/internal/user/audience"
)

// Kind says who or what puts a tag on people.
type Kind string

// The kinds.
const (
	Manual      Kind = "manual"
	Import      Kind = "import" // by files; by hand too
	Rule        Kind = "rule"
	ByStatistic Kind = "statistic"
	Keyword     Kind = "keyword"
	ByBelief    Kind = "fuzzy"
)

// Cycle says how often it is told anew who carries a computed tag.
type Cycle string

// The cycles.
const (
	Live    Cycle = "live"    // within a second of what people do
	Daily   Cycle = "daily"   // with the first refresh of a business day, and when facts came in bulk
	Monthly Cycle = "monthly" // with the first refresh of a month
)

// Colours are the tokens of the design that a tag may have.
var Colours = []string{"water", "ink", "vip", "potential", "new", "silent", "lost", "amber", "red"}

// Group holds tags; one with a parent is a category of it.
type Group struct {
	ID       string `db:"id" json:"id"`
	Name     string `db:"name" json:"name"`
	Parent   string `db:"parent,null" json:"parent,omitempty" doc:"The group that it is a category of"`
	Position int64  `db:"position" json:"position"`
}

// Tag is something that is said of people.
type Tag struct {
	ID        string              `db:"id" json:"id"`
	Group     string              `db:"group_id" json:"group"`
	Parent    string              `db:"parent,null" json:"parent,omitempty" doc:"The statistic of which it is one value"`
	Value     string              `db:"value,null" json:"value,omitempty"`
	Name      string              `db:"name" json:"name"`
	Note      string              `db:"note" json:"note"`
	Owner     string              `db:"owner" json:"owner" doc:"Staff id of who answers for it"`
	Kind      Kind                `db:"kind" json:"kind" enum:"manual,import,rule,statistic,keyword,fuzzy"`
	Colour    string              `db:"colour" json:"colour" enum:"water,ink,vip,potential,new,silent,lost,amber,red"`
	Cycle     Cycle               `db:"cycle" json:"cycle" enum:",live,daily,monthly"`
	Rule      *audience.Condition `db:"rule,json" json:"rule,omitempty"`
	Statistic *Statistic          `db:"statistic,json" json:"statistic,omitempty"`
	Keywords  *Keywords           `db:"keywords,json" json:"keywords,omitempty"`
	Fuzzy     *Fuzzy              `db:"fuzzy,json" json:"fuzzy,omitempty"`
	Version   int64               `db:"version" json:"version" doc:"Of how it is told who carries it"`
	Size      int64               `db:"size" json:"size" doc:"People who carry it"`
	AsOf      time.Time           `db:"as_of" json:"as_of,omitzero" doc:"When it was last told who carries it"`
	Computed  int64               `db:"computed" json:"-"`
	MovedAt   time.Time           `db:"moved_at" json:"moved_at,omitzero" doc:"When somebody last came to carry it or ceased to"`
	CreatedBy string              `db:"created_by" json:"created_by"`
	CreatedAt time.Time           `db:"created_at" json:"created_at"`
	UpdatedAt time.Time           `db:"updated_at" json:"updated_at"`
	Archived  bool                `db:"archived" json:"archived"`
}

// Draft is a tag as a person writes it. Of Rule, Statistic, Keywords and Fuzzy the one of its kind is given.
type Draft struct {
	Group     string
	Name      string
	Note      string
	Owner     string
	Kind      Kind
	Colour    string
	Cycle     Cycle
	Rule      *audience.Condition
	Statistic *Statistic
	Keywords  *Keywords
	Fuzzy     *Fuzzy
}

func invalid(field, format string, args ...any) error {
	return errs.New(errs.Invalid, "tag."+field, format, args...).At(field)
}

func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > 80 {
		return invalid("name", "a name of 1 to 80 characters is needed")
	}
	return nil
}

// check tidies the words and says what is wrong with them.
func (d *Draft) check() error {
	d.Name, d.Note = strings.TrimSpace(d.Name), strings.TrimSpace(d.Note)
	if err := checkName(d.Name); err != nil {
		return err
	}
	if utf8.RuneCountInString(d.Note) > 500 {
		return invalid("note", "a note has at most 500 characters")
	}
	if d.Colour == "" {
		d.Colour = "water"
	}
	if !slices.Contains(Colours, d.Colour) {
		return invalid("colour", "there is no colour %q", d.Colour)
	}
	if d.Group == "" {
		return invalid("group", "a group is needed")
	}
	for kind, given := range map[Kind]bool{Rule: d.Rule != nil, ByStatistic: d.Statistic != nil, Keyword: d.Keywords != nil, ByBelief: d.Fuzzy != nil} {
		if given != (kind == d.Kind) {
			return invalid("kind", "a tag of kind %s is told in its own words", d.Kind)
		}
	}
	return d.checkKind()
}

// checkKind looks at what is told in the words of the kind, and at the cycle.
func (d *Draft) checkKind() error {
	cycles := []Cycle{""}
	var err error
	switch d.Kind {
	case Manual, Import:
	case Rule:
		cycles = []Cycle{Live, Daily, Monthly}
	case ByStatistic:
		cycles, err = []Cycle{Daily, Monthly}, d.Statistic.check()
	case Keyword:
		err = d.Keywords.check()
	case ByBelief:
		cycles, err = []Cycle{Daily}, d.Fuzzy.check()
	default:
		return invalid("kind", "there is no kind %q", d.Kind)
	}
	if d.Cycle == "" && len(cycles) > 1 {
		d.Cycle = Daily
	}
	if d.Kind == ByBelief {
		d.Cycle = Daily
	}
	if err == nil && !slices.Contains(cycles, d.Cycle) {
		err = invalid("cycle", "a tag of kind %s has no cycle %q", d.Kind, d.Cycle)
	}
	return err
}

// newTag is a tag from its draft.
func newTag(id string, d Draft, by string, now time.Time) Tag {
	t := Tag{ID: id, Version: 1, CreatedBy: by, CreatedAt: now}
	t.word(d, now)
	return t
}

// word gives a tag the words of a draft.
func (t *Tag) word(d Draft, now time.Time) {
	t.Group, t.Name, t.Note, t.Owner, t.Kind, t.Colour, t.Cycle = d.Group, d.Name, d.Note, d.Owner, d.Kind, d.Colour, d.Cycle
	t.Rule, t.Statistic, t.Keywords, t.Fuzzy = d.Rule, d.Statistic, d.Keywords, d.Fuzzy
	t.UpdatedAt = now
}

// byHand says that people may put the tag on somebody.
func (t *Tag) byHand() bool { return t.Kind == Manual || t.Kind == Import }

// due says that a refresh as of an instant tells anew who carries a computed tag.
func (t *Tag) due(asOf time.Time, zone *time.Location) bool {
	if t.Computed != t.Version || t.AsOf.IsZero() {
		return true
	}
	y, m, _ := asOf.In(zone).Date()
	if t.Cycle != Monthly { // a statistic costs a longer look at everybody: once a day, until it finds somebody
		return t.Kind != ByStatistic || t.Size == 0 || t.AsOf.Before(audience.Midnight(asOf, zone))
	}
	return t.AsOf.Before(time.Date(y, m, 1, 0, 0, 0, 0, zone))
}

// Why is what a person is told of why somebody carries a tag: a code with its values, worded in each language by the reader.
type Why struct {
	// Code is hand, file, rule, words (the tag's words changed), favourite_category, usual_hour, average_basket, price_band,
	// coupon_share, browse_no_buy, said, or belief.
	Code  string  `json:"code"`
	By    string  `json:"by,omitempty" doc:"Staff id"`
	Value string  `json:"value,omitempty"`
	Share float64 `json:"share,omitempty" doc:"0…1"`
	Fen   int64   `json:"fen,omitempty"`
	Count int64   `json:"count,omitempty"`
	Days  int     `json:"days,omitempty"`
	Text  string  `json:"text,omitempty" doc:"What the person said"`
}
