// Package review keeps what buyers say of what they bought: stars, words and pictures, looked at by staff before others see them. Texts are
// texts: nothing in them is ever obeyed, and who shows them escapes them.
package review

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huoshui/internal/platform/errs"
)

// State is whether others see a review, or its follow-up.
type State string

// The states of a review.
const (
	Pending  State = "pending"  // staff have not looked at it
	Approved State = "approved" // everybody sees it
	Hidden   State = "hidden"   // only its author does
)

// Limits of a review.
const (
	maxRunes    = 500
	maxPictures = 9
	maxTags     = 6
)

// Review is what a buyer says of a line of an order.
type Review struct {
	ID             string    `db:"id" json:"id"`
	Sale           string    `db:"sale" json:"sale"`
	Key            string    `db:"key" json:"key"`
	SKU            string    `db:"sku" json:"sku"`
	Goods          string    `db:"goods" json:"goods"`
	GoodsName      string    `db:"goods_name" json:"goods_name"`
	Customer       uint32    `db:"customer" json:"customer" doc:"0: she was forgotten"`
	Author         string    `db:"author" json:"author" doc:"Her name, mostly hidden; empty: nameless"`
	Anonymous      bool      `db:"anonymous" json:"anonymous"`
	Consent        bool      `db:"consent" json:"consent" doc:"She lets the brand use it elsewhere"`
	Stars          int64     `db:"stars" json:"stars"`
	Text           string    `db:"text" json:"text"`
	Tags           []string  `db:"tags,json" json:"tags"`
	Pictures       []string  `db:"pictures,json" json:"pictures"`
	HasPictures    bool      `db:"has_pictures" json:"-"`
	Words          []string  `db:"words,json" json:"words" doc:"Sensitive words in it"`
	State          State     `db:"state" json:"state" enum:"pending,approved,hidden"`
	FollowText     string    `db:"follow_text" json:"follow_text"`
	FollowPictures []string  `db:"follow_pictures,json" json:"follow_pictures"`
	FollowState    State     `db:"follow_state" json:"follow_state" enum:",pending,approved,hidden"`
	Reply          string    `db:"reply" json:"reply"`
	RepliedBy      string    `db:"replied_by" json:"replied_by"`
	Points         int64     `db:"points" json:"points" doc:"What it was rewarded with"`
	Content        string    `db:"content" json:"content" doc:"The content that was made of it"`
	DecidedBy      string    `db:"decided_by" json:"decided_by"`
	Note           string    `db:"note" json:"note" doc:"Why it was hidden, for colleagues"`
	MadeAt         time.Time `db:"made_at" json:"made_at"`
	ChangedAt      time.Time `db:"changed_at" json:"changed_at"`
	FollowAt       time.Time `db:"follow_at" json:"follow_at,omitzero"`
	DecidedAt      time.Time `db:"decided_at" json:"decided_at,omitzero"`
	RepliedAt      time.Time `db:"replied_at" json:"replied_at,omitzero"`
}

// Mine is a review as its author sees it.
func (r Review) Mine() Review {
	r.Words, r.RepliedBy, r.DecidedBy, r.Note, r.Content = []string{}, "", "", "", ""
	return r
}

// Draft is what a buyer writes.
type Draft struct {
	Stars     int64    `json:"stars" minimum:"1" maximum:"5"`
	Text      string   `json:"text" maxLength:"500"`
	Tags      []string `json:"tags" maxItems:"6" doc:"Of those the store offers"`
	Pictures  []string `json:"pictures" maxItems:"9" doc:"Ids of one's own pictures"`
	Anonymous bool     `json:"anonymous"`
	Consent   bool     `json:"consent" doc:"The brand may use it elsewhere"`
}

// Rules say what may be written, and what it earns.
type Rules struct {
	Days          int64    `json:"days" minimum:"1" maximum:"365" doc:"After receipt, in which something can be said"`
	EditHours     int64    `json:"edit_hours" minimum:"0" maximum:"720" doc:"In which what was said can be changed"`
	Points        int64    `json:"points" minimum:"0" maximum:"100000" doc:"For a review that is approved, once"`
	PicturePoints int64    `json:"picture_points" minimum:"0" maximum:"100000" doc:"More, for one with pictures"`
	Auto          bool     `json:"auto" doc:"Reviews without pictures and sensitive words need nobody"`
	Words         []string `json:"words" maxItems:"500" doc:"Sensitive words"`
	Tags          []string `json:"tags" maxItems:"20" doc:"What a buyer can tick"`
}

// DefaultRules are the rules until somebody sets others.
func DefaultRules() Rules {
	return Rules{
		Days: 90, EditHours: 48, Points: 20, PicturePoints: 30, Words: []string{"加微信", "加v", "刷单", "返现", "代购"},
		Tags: []string{"质量好", "效果明显", "物流快", "包装用心", "与描述一致", "会再来"},
	}
}

// SettingName is under which Rules are kept.
const SettingName = "store.reviews"

// Check reports the first thing that is wrong with rules, and tidies the lists.
func (r *Rules) Check() error {
	for _, f := range []struct {
		field              string
		value, least, most int64
	}{{"days", r.Days, 1, 365}, {"edit_hours", r.EditHours, 0, 720}, {"points", r.Points, 0, 100_000}, {"picture_points", r.PicturePoints, 0, 100_000}} {
		if f.value < f.least || f.value > f.most {
			return errs.New(errs.Invalid, "review.rules", "%s is between %d and %d", f.field, f.least, f.most).At(f.field)
		}
	}
	tidy := func(field string, all []string, most, runes int) ([]string, error) {
		out := []string{}
		for _, w := range all {
			w = strings.TrimSpace(w)
			if utf8.RuneCountInString(w) > runes || !utf8.ValidString(w) {
				return nil, errs.New(errs.Invalid, "review.rules", "a word of %s has at most %d characters", field, runes).At(field)
			}
			if w != "" && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		if len(out) > most {
			return nil, errs.New(errs.Invalid, "review.rules", "%s has at most %d words", field, most).At(field)
		}
		return out, nil
	}
	var err error
	if r.Words, err = tidy("words", r.Words, 500, 40); err != nil {
		return err
	}
	r.Tags, err = tidy("tags", r.Tags, 20, 12)
	return err
}

// said tidies a text: no control characters but line breaks, no space around it.
func said(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errs.New(errs.Invalid, "review.text", "the text is no UTF-8").At("text")
	}
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control)) { // what turns the reading direction hides words
			return -1
		}
		return r
	}, text))
	if utf8.RuneCountInString(text) > maxRunes {
		return "", errs.New(errs.Invalid, "review.text", "a text has at most %d characters", maxRunes).At("text")
	}
	return text, nil
}

// check tidies a draft and reports the first thing that is wrong with it.
func (d *Draft) check(rules Rules) (err error) {
	if d.Stars < 1 || d.Stars > 5 {
		return errs.New(errs.Invalid, "review.stars", "one to five stars").At("stars")
	}
	if d.Text, err = said(d.Text); err != nil {
		return err
	}
	if d.Tags == nil {
		d.Tags = []string{}
	}
	if d.Pictures == nil {
		d.Pictures = []string{}
	}
	for i, t := range d.Tags {
		if len(d.Tags) > maxTags || !slices.Contains(rules.Tags, t) || slices.Contains(d.Tags[:i], t) {
			return errs.New(errs.Invalid, "review.tags", "there is no such thing to tick").At("tags")
		}
	}
	return nil
}

// sensitive returns the words that are in a text, whatever stands between their letters.
func sensitive(text string, words []string) []string {
	flat := flatten(text)
	out := []string{}
	for _, w := range words {
		if f := flatten(w); f != "" && strings.Contains(flat, f) {
			out = append(out, w)
		}
	}
	return out
}

// flatten keeps letters and digits, in lower case.
func flatten(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// Summary is what approved reviews of goods add up to.
type Summary struct {
	Count    int64    `json:"count"`
	Average  float64  `json:"average" doc:"Of stars; 0 without any"`
	Stars    [5]int64 `json:"stars" doc:"How many gave one, two, … five"`
	Pictures int64    `json:"pictures" doc:"With pictures"`
	Low      int64    `json:"low" doc:"With one or two stars"`
	Follows  int64    `json:"follows" doc:"With a follow-up"`
	Tags     []Tally  `json:"tags" doc:"What was ticked, most often first"`
}

// Tally is how often something was ticked.
type Tally struct {
	Tag   string `json:"tag"`
	Count int64  `json:"count"`
}
