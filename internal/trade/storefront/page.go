package storefront

import (
	"regexp"
	"time"
)

// Home is the name of the page that the store opens with.
const Home = "home"

// Page is a page of the store as its designers see it.
type Page struct {
	ID        string    `db:"id" json:"id"`
	Name      string    `db:"name" json:"name" doc:"Its place in the store: /shop/page/name; home is the first page"`
	Title     string    `db:"title" json:"title"`
	Draft     Design    `db:"draft,json" json:"draft"`
	Revision  int64     `db:"revision" json:"revision" doc:"Counts saves: name the one you read when you write"`
	MadeAt    time.Time `db:"made_at" json:"made_at"`
	ChangedAt time.Time `db:"changed_at" json:"changed_at"`
	ChangedBy string    `db:"changed_by" json:"changed_by"`
}

// Version is a page as it was, or is, shown.
type Version struct {
	Page    string    `db:"page" json:"page"`
	Version int64     `db:"version" json:"version"`
	Title   string    `db:"title" json:"title"`
	Design  Design    `db:"design,json" json:"design"`
	Note    string    `db:"note" json:"note"`
	MadeBy  string    `db:"made_by" json:"made_by"`
	MadeAt  time.Time `db:"made_at" json:"made_at"`
}

// Release says that a version is shown for a while. Of those whose time it is, the one that began last holds.
type Release struct {
	ID        string    `db:"id" json:"id"`
	Page      string    `db:"page" json:"page"`
	Version   int64     `db:"version" json:"version" doc:"0 shows nothing"`
	StartsAt  time.Time `db:"starts_at" json:"starts_at"`
	EndsAt    time.Time `db:"ends_at" json:"ends_at,omitzero" doc:"Left out: until another one"`
	Cancelled bool      `db:"cancelled" json:"cancelled"`
	MadeBy    string    `db:"made_by" json:"made_by"`
	MadeAt    time.Time `db:"made_at" json:"made_at"`
}

// holds reports whether it is the release's time.
func (r *Release) holds(now time.Time) bool {
	return !r.Cancelled && !r.StartsAt.After(now) && (r.EndsAt.IsZero() || r.EndsAt.After(now))
}

// current returns the release that holds, nil when none does. Later ones of the same instant win by their ids.
func current(all []Release, now time.Time) *Release {
	var best *Release
	for i := range all {
		r := &all[i]
		if r.holds(now) && (best == nil || r.StartsAt.After(best.StartsAt) || r.StartsAt.Equal(best.StartsAt) && r.ID > best.ID) {
			best = r
		}
	}
	return best
}

// Standing is a page with what is shown of it.
type Standing struct {
	Page
	Live     int64     `json:"live" doc:"The version that is shown now; 0 is none"`
	Latest   int64     `json:"latest" doc:"The newest version; 0 before the first"`
	Until    time.Time `json:"until,omitzero" doc:"When what is shown now ends"`
	Planned  []Release `json:"planned" doc:"What is shown later, and what holds now with an end"`
	Unsaid   bool      `json:"unpublished" doc:"The draft is not the newest version"`
	Variants []string  `json:"variants" doc:"The layers that the draft has a variant for"`
}

var pageName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
