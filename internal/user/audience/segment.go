package audience

import (
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
)

// Segment is a saved question about people (dynamic), or a saved list of them (static).
type Segment struct {
	ID        string     `db:"id" json:"id"`
	Name      string     `db:"name" json:"name"`
	Note      string     `db:"note" json:"note"`
	Kind      string     `db:"kind" json:"kind" enum:"dynamic,static"`
	Condition *Condition `db:"condition,json" json:"condition,omitempty"`
	Version   int64      `db:"version" json:"version" doc:"Of the name, note and condition; all versions are kept"`
	Size      int64      `db:"size" json:"size" doc:"People when last computed"`
	AsOf      time.Time  `db:"as_of" json:"as_of,omitzero" doc:"When last computed"`
	Computed  int64      `db:"computed" json:"computed_version" doc:"The version the size was computed with"`
	CreatedBy string     `db:"created_by" json:"created_by"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`
	Archived  bool       `db:"archived" json:"archived"`
	Live      bool       `db:"live" json:"live" doc:"Follows what people do within a second"`
}

// Kinds of segment.
const (
	Dynamic = "dynamic"
	Static  = "static"
)

// Version is one state of a segment's words.
type Version struct {
	SegmentID string     `db:"segment_id" json:"-"`
	Version   int64      `db:"version" json:"version"`
	Name      string     `db:"name" json:"name"`
	Note      string     `db:"note" json:"note"`
	Condition *Condition `db:"condition,json" json:"condition,omitempty"`
	By        string     `db:"changed_by" json:"changed_by" doc:"Staff id"`
	At        time.Time  `db:"changed_at" json:"changed_at"`
}

// DaySize is how many people a list had on a day, and how many came and went that day through what they did;
// people whom a change of the condition moved are not counted as coming and going.
type DaySize struct {
	Day     string `db:"day" json:"day" doc:"YYYY-MM-DD of the business zone"`
	Size    int64  `db:"size" json:"size"`
	Entered int64  `db:"entered" json:"entered"`
	Left    int64  `db:"left_" json:"left"`
	Version int64  `db:"version" json:"version" doc:"Of the condition"`
}

// Draft is a segment as a person writes it.
type Draft struct {
	Name      string     `json:"name" minLength:"1" maxLength:"80"`
	Note      string     `json:"note,omitempty" maxLength:"500"`
	Condition *Condition `json:"condition,omitempty"`
	Live      bool       `json:"live,omitempty" doc:"Follow what people do within a second; a condition is needed"`
}

// check tidies the words and says what is wrong with them.
func (d *Draft) check() error {
	d.Name, d.Note = strings.TrimSpace(d.Name), strings.TrimSpace(d.Note)
	if d.Name == "" || utf8.RuneCountInString(d.Name) > 80 {
		return errs.New(errs.Invalid, "segment.name", "a name of 1 to 80 characters is needed").At("name")
	}
	if utf8.RuneCountInString(d.Note) > 500 {
		return errs.New(errs.Invalid, "segment.note", "a note has at most 500 characters").At("note")
	}
	if d.Live && d.Condition == nil {
		return errs.New(errs.Invalid, "segment.live", "a list of people does not follow what they do").At("live")
	}
	return nil
}

// newSegment is a segment from its draft; a nil condition makes a static list.
func newSegment(id string, d Draft, by string, now time.Time) Segment {
	s := Segment{ID: id, Name: d.Name, Note: d.Note, Kind: Static, Condition: d.Condition, Version: 1, Live: d.Live, CreatedBy: by, CreatedAt: now, UpdatedAt: now}
	if d.Condition != nil {
		s.Kind = Dynamic
	}
	return s
}

// words is the version that a segment's words are now.
func (s Segment) words(by string, at time.Time) Version {
	return Version{s.ID, s.Version, s.Name, s.Note, s.Condition, by, at}
}
