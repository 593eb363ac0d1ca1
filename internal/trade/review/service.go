package review

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/photo"
)

// People is the customers.
type People interface {
	// Author returns a customer's name, mostly hidden; empty when she has none.
	Author(ctx context.Context, q store.Querier, customer uint32) (string, error)
	// Reward gives points, once per key.
	Reward(ctx context.Context, tx *store.Tx, key string, customer uint32, points int64, by string) error
}

// Library is where content is kept that the brand says to people.
type Library interface {
	// Quote keeps a customer's words as content and returns its id.
	Quote(ctx context.Context, goods, author, text string, stars int64, by string) (string, error)
}

// Service keeps reviews.
type Service struct {
	db      *store.DB
	sales   *checkout.Service
	people  People
	library Library
	now     func() time.Time
}

// NewService returns the reviews in db.
func NewService(db *store.DB, sales *checkout.Service, people People, library Library, now func() time.Time) *Service {
	return &Service{db, sales, people, library, now}
}

func (s *Service) rules(ctx context.Context, q store.Querier) (Rules, error) {
	r, _, err := settings.Get(ctx, q, SettingName, DefaultRules())
	return r, err
}

// Rules returns the rules in force.
func (s *Service) Rules(ctx context.Context) (Rules, error) { return s.rules(ctx, s.db) }

// SetRules puts rules in force, for what is said from now on.
func (s *Service) SetRules(ctx context.Context, r Rules, by string) error {
	if err := r.Check(); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := settings.Put(ctx, tx, SettingName, r, by, s.now())
		return err
	})
}

// Todo is a line of an order that its buyer has said nothing of.
type Todo struct {
	Sale    string    `json:"sale"`
	Key     string    `json:"key"`
	Goods   string    `json:"goods"`
	Name    string    `json:"name"`
	Picture string    `json:"picture"`
	At      time.Time `json:"at" doc:"When it was received"`
}

// Todo returns what a customer received and has said nothing of, the latest first, at most 50.
func (s *Service) Todo(ctx context.Context, customer uint32) ([]Todo, error) {
	rules, err := s.rules(ctx, s.db)
	if err != nil {
		return nil, err
	}
	sales, err := s.sales.List(ctx, checkout.Filter{Customer: customer, State: checkout.Finished, Limit: 50})
	if err != nil {
		return nil, err
	}
	type row struct {
		Sale string `db:"sale"`
		Key  string `db:"key"`
	}
	done := map[row]bool{}
	if err := store.Each(ctx, s.db, `SELECT sale, key FROM reviews WHERE customer = ?`, []any{int64(customer)}, func(r row) error { done[r] = true; return nil }); err != nil {
		return nil, err
	}
	out := []Todo{}
	for _, sale := range sales.Items {
		if late(sale, rules, s.now()) {
			continue
		}
		for _, l := range sale.Lines {
			if !done[row{sale.ID, l.Key}] && len(out) < 50 {
				out = append(out, Todo{Sale: sale.ID, Key: l.Key, Goods: l.Goods, Name: l.Name, Picture: l.Picture, At: sale.FinishedAt})
			}
		}
	}
	return out, nil
}

func late(sale checkout.Sale, rules Rules, now time.Time) bool {
	return sale.FinishedAt.IsZero() || now.After(sale.FinishedAt.AddDate(0, 0, int(rules.Days)))
}

// Write says something of a line that its buyer received, once; while it can be changed, writing again changes it, and staff look at it
// anew. Of an order that she has not received, or too late, is a Conflict "review.not_received" or "review.late".
func (s *Service) Write(ctx context.Context, customer uint32, saleID, key string, d Draft) (r Review, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		rules, err := s.rules(ctx, tx)
		if err != nil {
			return err
		}
		if err := d.check(rules); err != nil {
			return err
		}
		sale, err := checkout.Hold(ctx, tx, saleID, customer)
		if err != nil {
			return err
		}
		r, err = store.One[Review](ctx, tx, `SELECT * FROM reviews WHERE sale = ? AND key = ?`, saleID, key)
		switch {
		case err == nil:
			return s.revise(ctx, tx, &r, d, rules)
		case !errs.Is(err, errs.NotFound):
			return err
		}
		r, err = s.create(ctx, tx, sale, key, d, rules)
		return err
	})
	return r, err
}

func (s *Service) create(ctx context.Context, tx *store.Tx, sale checkout.Sale, key string, d Draft, rules Rules) (Review, error) {
	now := s.now()
	at := slices.IndexFunc(sale.Lines, func(l checkout.Line) bool { return l.Key == key })
	switch {
	case at < 0:
		return Review{}, errs.New(errs.Invalid, "review.line", "the order has no such line").At("key")
	case sale.State != checkout.Finished:
		return Review{}, errs.New(errs.Conflict, "review.not_received", "what was received can be reviewed").With("state", string(sale.State))
	case late(sale, rules, now):
		return Review{}, errs.New(errs.Conflict, "review.late", "it is too late to say something of this order").With("days", rules.Days)
	}
	l := sale.Lines[at]
	r := Review{ID: id.New("rev"), Sale: sale.ID, Key: key, SKU: l.SKU, Goods: l.Goods, GoodsName: l.Name, Customer: sale.Customer, FollowPictures: []string{}, MadeAt: now}
	if err := s.fill(ctx, tx, &r, d, rules); err != nil {
		return r, err
	}
	if err := store.Insert(ctx, tx, "reviews", r); err != nil {
		return r, err
	}
	if err := outbox.Append(ctx, tx, r.fact(event.ReviewPosted, now, r.Text)); err != nil {
		return r, err
	}
	if r.State == Approved {
		return r, s.reward(ctx, tx, &r, rules, "")
	}
	return r, nil
}

func (s *Service) revise(ctx context.Context, tx *store.Tx, r *Review, d Draft, rules Rules) error {
	if s.now().After(r.MadeAt.Add(time.Duration(rules.EditHours) * time.Hour)) {
		return errs.New(errs.Conflict, "review.settled", "it cannot be changed any more").With("hours", rules.EditHours)
	}
	if r.State == Hidden {
		return errs.New(errs.Conflict, "review.settled", "it was hidden and cannot be changed")
	}
	if err := s.fill(ctx, tx, r, d, rules); err != nil {
		return err
	}
	return save(ctx, tx, *r)
}

// fill puts a draft into a review, and decides whether somebody must look at it.
func (s *Service) fill(ctx context.Context, tx *store.Tx, r *Review, d Draft, rules Rules) error {
	if err := photo.Use(ctx, tx, r.Customer, r.ID, d.Pictures, maxPictures); err != nil {
		return err
	}
	r.Stars, r.Text, r.Tags, r.Pictures, r.Anonymous, r.Consent, r.ChangedAt = d.Stars, d.Text, d.Tags, d.Pictures, d.Anonymous, d.Consent, s.now()
	r.HasPictures, r.Words, r.Author, r.State = len(d.Pictures) > 0, sensitive(d.Text, rules.Words), "", Pending
	if rules.Auto && !r.HasPictures && len(r.Words) == 0 {
		r.State = Approved
	}
	if d.Anonymous {
		return nil
	}
	var err error
	r.Author, err = s.people.Author(ctx, tx, r.Customer)
	return err
}

// Follow adds what a buyer says later, once.
func (s *Service) Follow(ctx context.Context, customer uint32, reviewID, text string, pictures []string) (r Review, err error) {
	if text, err = said(text); err != nil {
		return r, err
	}
	if text == "" {
		return r, errs.New(errs.Invalid, "review.text", "a follow-up says something").At("text")
	}
	if pictures == nil {
		pictures = []string{}
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if r, err = held(ctx, tx, reviewID, customer); err != nil {
			return err
		}
		if r.FollowState != "" {
			return errs.New(errs.Conflict, "review.followed", "there is a follow-up already")
		}
		rules, err := s.rules(ctx, tx)
		if err != nil {
			return err
		}
		if err := photo.Use(ctx, tx, r.Customer, r.ID+"/follow", pictures, maxPictures); err != nil {
			return err
		}
		found := sensitive(text, rules.Words)
		r.FollowText, r.FollowPictures, r.FollowState, r.FollowAt = text, pictures, Pending, s.now()
		for _, w := range found {
			if !slices.Contains(r.Words, w) {
				r.Words = append(r.Words, w)
			}
		}
		if rules.Auto && len(pictures) == 0 && len(found) == 0 {
			r.FollowState = Approved
		}
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, r.fact(event.ReviewFollowed, r.FollowAt, text))
	})
	return r, err
}

// Decide says whether others see a review, or its follow-up. Approving a review rewards it, once.
func (s *Service) Decide(ctx context.Context, reviewID string, follow bool, to State, note, by string) (r Review, err error) {
	if to != Approved && to != Hidden {
		return r, errs.New(errs.Invalid, "review.state", "a review is approved or hidden").At("state")
	}
	if len(note) > 500 {
		return r, errs.New(errs.Invalid, "review.note", "a note has at most 500 bytes").At("note")
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if r, err = held(ctx, tx, reviewID, 0); err != nil {
			return err
		}
		if follow {
			if r.FollowState == "" {
				return errs.New(errs.Conflict, "review.no_follow", "there is no follow-up")
			}
			r.FollowState = to
		} else {
			r.State = to
		}
		r.DecidedBy, r.DecidedAt, r.Note = by, s.now(), note
		if err := save(ctx, tx, r); err != nil || follow || to != Approved {
			return err
		}
		rules, err := s.rules(ctx, tx)
		if err != nil {
			return err
		}
		return s.reward(ctx, tx, &r, rules, by)
	})
	return r, err
}

// reward gives the points of a review that was approved for the first time, and tells of it.
func (s *Service) reward(ctx context.Context, tx *store.Tx, r *Review, rules Rules, by string) error {
	points := rules.Points
	if r.HasPictures {
		points += rules.PicturePoints
	}
	if r.Customer == 0 || r.Points > 0 {
		return nil
	}
	if points > 0 {
		if err := s.people.Reward(ctx, tx, r.ID+"/reward", r.Customer, points, by); err != nil {
			return err
		}
		r.Points = points
		if err := save(ctx, tx, *r); err != nil {
			return err
		}
	}
	return outbox.Append(ctx, tx, r.fact(event.ReviewApproved, s.now(), "")) // told again, it is still one fact
}

// Reply answers a review in public; an empty text takes the answer back.
func (s *Service) Reply(ctx context.Context, reviewID, text, by string) (r Review, err error) {
	if text, err = said(text); err != nil {
		return r, err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if r, err = held(ctx, tx, reviewID, 0); err != nil {
			return err
		}
		r.Reply, r.RepliedBy, r.RepliedAt = text, by, s.now()
		if text == "" {
			r.RepliedBy, r.RepliedAt = "", time.Time{}
		}
		return save(ctx, tx, r)
	})
	return r, err
}

// making marks a review that is just being made content of.
const making = "-"

// Quote makes content of an approved review whose author lets the brand use it, once.
func (s *Service) Quote(ctx context.Context, reviewID, by string) (r Review, err error) {
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		if r, err = held(ctx, tx, reviewID, 0); err != nil {
			return err
		}
		switch {
		case r.Content != "" && r.Content != making:
			return nil
		case r.Content == making:
			return errs.New(errs.Conflict, "review.busy", "somebody makes content of it just now")
		case !r.Consent || r.State != Approved || r.Text == "":
			return errs.New(errs.Conflict, "review.no_consent", "its author does not let the brand use it, or it is not approved")
		}
		_, err := tx.Exec(ctx, `UPDATE reviews SET content = ? WHERE id = ?`, making, r.ID)
		return err
	})
	if err != nil || r.Content != "" {
		return r, err
	}
	made, err := s.library.Quote(ctx, r.GoodsName, r.Author, r.Text, r.Stars, by)
	if _, e := s.db.Exec(context.WithoutCancel(ctx), `UPDATE reviews SET content = ? WHERE id = ? AND content = ?`, made, r.ID, making); err == nil {
		err = e
	}
	r.Content = made
	return r, err
}

// fact tells of a review.
func (r *Review) fact(name string, at time.Time, text string) event.Fact {
	props, err := json.Marshal(map[string]any{"stars": r.Stars, "text": text, "tags": r.Tags, "pictures": len(r.Pictures), "order": r.Sale})
	if err != nil {
		props = nil // texts and numbers always marshal
	}
	detail := "good"
	switch {
	case r.Stars <= 2:
		detail = "low"
	case r.Stars == 3:
		detail = "middle"
	}
	return event.Fact{ID: r.ID + "/" + name, Name: name, Customer: r.Customer, At: at, Subject: r.ID, Product: r.SKU, Quantity: r.Stars, Channel: checkout.Channel, Detail: detail, Props: props}
}

// held reads a review and keeps it as it is until the transaction ends; a customer other than 0 must be its author.
func held(ctx context.Context, tx *store.Tx, reviewID string, customer uint32) (Review, error) {
	if _, err := tx.Exec(ctx, `UPDATE reviews SET note = note WHERE id = ?`, reviewID); err != nil {
		return Review{}, err
	}
	return one(ctx, tx, reviewID, customer)
}

func one(ctx context.Context, q store.Querier, reviewID string, customer uint32) (Review, error) {
	r, err := store.One[Review](ctx, q, `SELECT * FROM reviews WHERE id = ?`, reviewID)
	if errs.Is(err, errs.NotFound) || err == nil && customer != 0 && r.Customer != customer {
		return Review{}, errs.New(errs.NotFound, "review.not_found", "there is no such review")
	}
	return r, err
}

// Get returns a review: for staff.
func (s *Service) Get(ctx context.Context, reviewID string) (Review, error) {
	return one(ctx, s.db, reviewID, 0)
}

// save writes what may change of a review.
func save(ctx context.Context, tx *store.Tx, r Review) error {
	lists := make([]string, 0, 4)
	for _, all := range [][]string{r.Tags, r.Pictures, r.Words, r.FollowPictures} {
		text, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("review: %w", err)
		}
		lists = append(lists, string(text))
	}
	_, err := tx.Exec(ctx, `UPDATE reviews SET author = ?, anonymous = ?, consent = ?, stars = ?, text = ?, tags = ?, pictures = ?, has_pictures = ?, words = ?, state = ?,
		follow_text = ?, follow_pictures = ?, follow_state = ?, reply = ?, replied_by = ?, points = ?, decided_by = ?, note = ?, changed_at = ?, follow_at = ?, decided_at = ?, replied_at = ? WHERE id = ?`,
		r.Author, r.Anonymous, r.Consent, r.Stars, r.Text, lists[0], lists[1], r.HasPictures, lists[2], string(r.State), r.FollowText, lists[3], string(r.FollowState), r.Reply, r.RepliedBy, r.Points,
		r.DecidedBy, r.Note, r.ChangedAt, r.FollowAt, r.DecidedAt, r.RepliedAt, r.ID)
	return err
}

// Filter narrows a list of reviews; its zero value lists all.
type Filter struct {
	Customer uint32
	Goods    string
	State    State
	Todo     bool   // what staff have to look at: reviews or follow-ups that are pending
	Only     string // pictures, good, low, follow
	Search   string // in texts and names of goods
	After    string // cursor: Next of the page before
	Limit    int    // 1–200; 0 means 50
}

// Page is a page of reviews, the latest first.
type Page struct {
	Items []Review
	Next  string
	Total int64 // -1 where it was not counted
}

// List returns a page of reviews.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	var w store.Where
	if f.Customer != 0 {
		w.And("customer = ?", int64(f.Customer))
	}
	if f.Goods != "" {
		w.And("goods = ?", f.Goods)
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Todo {
		w.And("state = 'pending' OR follow_state = 'pending'")
	}
	switch f.Only {
	case "pictures":
		w.And("has_pictures = TRUE")
	case "good":
		w.And("stars >= 4")
	case "low":
		w.And("stars <= 2")
	case "follow":
		w.And("follow_state = 'approved'")
	}
	if f.Search != "" {
		like := "%" + store.Like(f.Search) + "%"
		w.And(`LOWER(text) LIKE LOWER(?) ESCAPE '\' OR LOWER(goods_name) LIKE LOWER(?) ESCAPE '\'`, like, like)
	}
	page := Page{Total: -1}
	var err error
	if f.After == "" {
		if page.Total, err = store.One[int64](ctx, s.db, `SELECT COUNT(*) FROM reviews`+w.SQL(), w.Args()...); err != nil {
			return page, err
		}
	} else {
		micros, last, err := store.ReadCursor(f.After)
		if err != nil {
			return page, err
		}
		w.And("(made_at, id) < (?, ?)", micros, last)
	}
	page.Items, err = store.All[Review](ctx, s.db, `SELECT * FROM reviews`+w.SQL()+` ORDER BY made_at DESC, id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = store.Cursor(last.MadeAt, last.ID)
	}
	return page, err
}

// Counts returns how many reviews stand where; "todo" is what staff have to look at.
func (s *Service) Counts(ctx context.Context) (map[string]int64, error) {
	type row struct {
		State string `db:"state"`
		N     int64  `db:"n"`
	}
	out := map[string]int64{}
	err := store.Each(ctx, s.db, `SELECT state, COUNT(*) AS n FROM reviews GROUP BY state UNION ALL
		SELECT 'todo', COUNT(*) FROM reviews WHERE state = 'pending' OR follow_state = 'pending'`, nil, func(r row) error { out[r.State] = r.N; return nil })
	return out, err
}

// Summary adds the approved reviews of goods up.
func (s *Service) Summary(ctx context.Context, goods string) (Summary, error) {
	type row struct {
		Stars    int64 `db:"stars"`
		N        int64 `db:"n"`
		Pictures int64 `db:"pictures"`
		Follows  int64 `db:"follows"`
	}
	sum := Summary{Tags: []Tally{}}
	total := int64(0)
	err := store.Each(ctx, s.db, `SELECT stars, COUNT(*) AS n, COUNT(*) FILTER (WHERE has_pictures) AS pictures, COUNT(*) FILTER (WHERE follow_state = 'approved') AS follows
		FROM reviews WHERE goods = ? AND state = 'approved' GROUP BY stars`, []any{goods}, func(r row) error {
		sum.Stars[r.Stars-1] = r.N
		sum.Count, sum.Pictures, sum.Follows, total = sum.Count+r.N, sum.Pictures+r.Pictures, sum.Follows+r.Follows, total+r.N*r.Stars
		return nil
	})
	if err != nil || sum.Count == 0 {
		return sum, err
	}
	sum.Low, sum.Average = sum.Stars[0]+sum.Stars[1], math.Round(100*float64(total)/float64(sum.Count))/100
	type ticked struct {
		Tags []string `db:"tags,json"`
	}
	counts := map[string]int64{}
	err = store.Each(ctx, s.db, `SELECT tags FROM reviews WHERE goods = ? AND state = 'approved' AND tags <> '[]' ORDER BY made_at DESC LIMIT 1000`, []any{goods}, func(t ticked) error {
		for _, one := range t.Tags {
			counts[one]++
		}
		return nil
	})
	for tag, n := range counts {
		sum.Tags = append(sum.Tags, Tally{tag, n})
	}
	slices.SortFunc(sum.Tags, func(a, b Tally) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Tag, b.Tag)) })
	return sum, err
}

// Shows says how a picture is shown: public by an approved review or follow-up, or at all by a review, for staff.
func Shows(ctx context.Context, q store.Querier, usedBy string) (public, staff bool, err error) {
	reviewID, part, _ := strings.Cut(usedBy, "/")
	r, err := one(ctx, q, reviewID, 0)
	if errs.Is(err, errs.NotFound) {
		return false, false, nil
	}
	if part == "follow" {
		return r.State == Approved && r.FollowState == Approved, true, err
	}
	return r.State == Approved, true, err
}
