package httpapi

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/data/collect"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/user/audience"
	"huoshui/internal/user/customer"
)

// conditionIn is a condition as it comes in; its parts are checked by the audience engine, which names the path of the bad field.
type conditionIn struct {
	Kind string          `json:"kind" doc:"everyone, and, or, not, attribute, contact, registered, birthday, age, layer, stage, warning, rfm, facts, sequence, top, heat, bucket, tag or segment"`
	Spec json.RawMessage `json:"spec,omitempty" doc:"By kind; see the guide to conditions"`
}

func (c *conditionIn) parse() (*audience.Condition, error) {
	if c == nil {
		return nil, nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	out, err := audience.ParseCondition(text)
	return &out, err
}

// SegmentIn is a segment as a person writes it.
type SegmentIn struct {
	Name      string       `json:"name" minLength:"1" maxLength:"80"`
	Note      string       `json:"note,omitempty" maxLength:"500"`
	Condition *conditionIn `json:"condition,omitempty"`
	Live      bool         `json:"live,omitempty" doc:"Follow what people do within a second; a condition is needed"`
}

func (s SegmentIn) draft() (audience.Draft, error) {
	c, err := s.Condition.parse()
	return audience.Draft{Name: s.Name, Note: s.Note, Condition: c, Live: s.Live}, err
}

// newSegmentIn is SegmentIn with what a static list is made of.
type newSegmentIn struct {
	SegmentIn
	Kind      string   `json:"kind,omitempty" enum:"dynamic,static" default:"dynamic" doc:"static freezes who meets the condition now, or takes the customers"`
	Customers []string `json:"customers,omitempty" maxItems:"5000" doc:"Ids of customers, for a static list"`
}

// segmentEstimate is how many people meet a condition, with a few of them.
type segmentEstimate struct {
	audience.Estimate
	Sample []segmentPerson `json:"sample"`
}

// segmentPerson is somebody in a segment.
type segmentPerson struct {
	ID          string     `json:"id"`
	Number      uint32     `json:"number"`
	Name        string     `json:"name"`
	City        string     `json:"city"`
	Layer       string     `json:"layer"`
	Orders      int64      `json:"orders"`
	SpentFen    int64      `json:"spent_fen"`
	LastOrderAt *time.Time `json:"last_order_at,omitempty"`
}

// segmentOverlaps is the sizes of some segments, and what every two of them share.
type segmentOverlaps struct {
	Sizes  map[string]int64   `json:"sizes"`
	Shared []audience.Overlap `json:"shared"`
}

// segmentPeople tells who people are, in the order of their numbers.
func (a *API) segmentPeople(ctx context.Context, numbers []uint32) ([]segmentPerson, error) {
	customers, err := customer.ByNumbers(ctx, a.Services.Segments.Store(), numbers)
	if err != nil {
		return nil, err
	}
	state, err := a.Services.Segments.Engine().State(ctx)
	if err != nil {
		return nil, err
	}
	byNumber := map[uint32]customer.Customer{}
	for _, c := range customers {
		byNumber[c.Number] = c
	}
	out := make([]segmentPerson, 0, len(numbers))
	for _, n := range numbers {
		c, ok := byNumber[n]
		if !ok || c.Erased { // erased, and the warehouse has not heard yet
			continue
		}
		p := segmentPerson{ID: c.ID, Number: n, Name: c.Name, City: c.City, Orders: c.Orders, SpentFen: c.SpentFen}
		if n <= state.Through() {
			p.Layer = state.Layers[state.Layer[n]]
		}
		if !c.LastOrderAt.IsZero() {
			p.LastOrderAt = &c.LastOrderAt
		}
		out = append(out, p)
	}
	return out, nil
}

// pageOfPeople cuts a page of a bitmap by customer number.
func pageOfPeople(people *roaring.Bitmap, after string, limit int) (numbers []uint32, next string, err error) {
	it := people.Iterator()
	if after != "" {
		n, err := strconv.ParseUint(after, 10, 32)
		if err != nil {
			return nil, "", errs.New(errs.Invalid, "segment.cursor", "this is no cursor of ours").At("after")
		}
		if n == 1<<32-1 {
			return nil, "", nil
		}
		it.AdvanceIfNeeded(uint32(n) + 1)
	}
	for it.HasNext() && len(numbers) < limit {
		numbers = append(numbers, it.Next())
	}
	if it.HasNext() {
		next = strconv.FormatUint(uint64(numbers[len(numbers)-1]), 10)
	}
	return numbers, next, nil
}

// registerSegment: segments, their people, sizes and versions, and live answers while one is written.
func registerSegment(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	type search struct {
		Paging
		Q        string `query:"q" maxLength:"100" doc:"Part of the name"`
		Archived bool   `query:"archived" doc:"Those put away instead"`
	}
	get(a, "/api/v1/segments", "list_segments", staff.SegmentsRead, func(ctx context.Context, in *search) (Page[audience.Segment], error) {
		items, next, total, err := a.Services.Segments.List(ctx, in.Q, in.Archived, in.After, in.Limit)
		return PageOf(items, next, total), err
	}, summary("Segments, the latest changed first"))

	type creation struct{ Body newSegmentIn }
	post(a, "/api/v1/segments", "create_segment", staff.SegmentsWrite, func(ctx context.Context, in *creation) (audience.Segment, error) {
		return a.createSegment(ctx, in.Body)
	}, summary("Save a segment or a static list"), status(http.StatusCreated))

	get(a, "/api/v1/segments/{id}", "get_segment", staff.SegmentsRead, func(ctx context.Context, in *ByID) (audience.Segment, error) {
		return a.Services.Segments.Get(ctx, in.ID)
	}, summary("One segment"))

	type change struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			SegmentIn
			Version int64 `json:"version" doc:"The version that was read; another writer's change is a conflict"`
		}
	}
	put(a, "/api/v1/segments/{id}", "change_segment", staff.SegmentsWrite, func(ctx context.Context, in *change) (audience.Segment, error) {
		d, err := in.Body.draft()
		if err != nil {
			return audience.Segment{}, err
		}
		return a.Services.Segments.Change(ctx, in.ID, in.Body.Version, d, auth.From(ctx).ID)
	}, summary("Change a segment; the words before are kept as a version"))

	type archive struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Archived bool `json:"archived"`
		}
	}
	put(a, "/api/v1/segments/{id}/archived", "archive_segment", staff.SegmentsWrite, func(ctx context.Context, in *archive) (audience.Segment, error) {
		return a.Services.Segments.Archive(ctx, in.ID, in.Body.Archived)
	}, summary("Put a segment away, or take it back"))

	get(a, "/api/v1/segments/{id}/versions", "list_segment_versions", staff.SegmentsRead, func(ctx context.Context, in *ByID) (Page[audience.Version], error) {
		items, err := a.Services.Segments.Versions(ctx, in.ID)
		return PageOf(items, "", int64(len(items))), err
	}, summary("Every version of a segment's words, newest first"))

	get(a, "/api/v1/segments/{id}/sizes", "list_segment_sizes", staff.SegmentsRead, func(ctx context.Context, in *ByID) (Page[audience.DaySize], error) {
		items, err := a.Services.Segments.History(ctx, in.ID)
		return PageOf(items, "", int64(len(items))), err
	}, summary("Size by day, oldest first, with who came and went"))

	type people struct {
		ByID
		Paging
	}
	get(a, "/api/v1/segments/{id}/people", "list_segment_people", staff.SegmentsRead, func(ctx context.Context, in *people) (Page[segmentPerson], error) {
		all, err := a.Services.Segments.Resolve(ctx, "segment", in.ID)
		if err != nil {
			return Page[segmentPerson]{}, err
		}
		numbers, next, err := pageOfPeople(all, in.After, in.Limit)
		if err != nil {
			return Page[segmentPerson]{}, err
		}
		items, err := a.segmentPeople(ctx, numbers)
		return PageOf(items, next, int64(all.GetCardinality())), err
	}, summary("Who is in a segment now"))

	raw(a, http.MethodGet, "/api/v1/segments/{id}/people.csv", "export_segment", staff.CustomersExport, "text/csv", a.exportSegment,
		summary("Who is in a segment now, as CSV"))

	get(a, "/api/v1/segments/{id}/profile", "get_segment_profile", staff.SegmentsRead, func(ctx context.Context, in *ByID) (audience.Profile, error) {
		tags, err := a.tagsOfEverybody(ctx)
		if err != nil {
			return audience.Profile{}, err
		}
		return a.Services.Segments.Profile(ctx, in.ID, tags)
	}, summary("What sets the people of a segment apart from everybody"))

	registerSegmentLive(a)
	registerSegmentCompare(a)
}

// tagsOfEverybody is who carries each tag that is in use.
func (a *API) tagsOfEverybody(ctx context.Context) ([]audience.Labelled, error) {
	if a.Services.Tags == nil {
		return nil, nil
	}
	tags, err := a.Services.Tags.List(ctx, false)
	if err != nil {
		return nil, err
	}
	out := make([]audience.Labelled, len(tags))
	for i, t := range tags {
		people, err := a.Services.Tags.Carriers(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		out[i] = audience.Labelled{Dimension: "tag", Value: t.ID, Label: t.Name, People: people}
	}
	return out, nil
}

// registerSegmentCompare: how a few segments lie over each other, and who is in each part.
func registerSegmentCompare(a *API) {
	type Compared struct {
		IDs []string `query:"ids" minItems:"2" maxItems:"6" required:"true" doc:"Segments, separated by commas"`
	}
	get(a, "/api/v1/segments/compare", "compare_segments", staff.SegmentsRead, func(ctx context.Context, in *Compared) (audience.Comparison, error) {
		return a.Services.Segments.Compare(ctx, in.IDs)
	}, summary("The parts into which segments cut each other, with exact sizes"))

	type part struct {
		Compared
		In []string `query:"in" minItems:"1" maxItems:"6" required:"true" doc:"Those of the segments that the people are in, and in no other"`
		Paging
	}
	get(a, "/api/v1/segments/compare/people", "list_compared_people", staff.SegmentsRead, func(ctx context.Context, in *part) (Page[segmentPerson], error) {
		all, err := a.Services.Segments.PartOf(ctx, in.IDs, in.In)
		if err != nil {
			return Page[segmentPerson]{}, err
		}
		numbers, next, err := pageOfPeople(all, in.After, in.Limit)
		if err != nil {
			return Page[segmentPerson]{}, err
		}
		items, err := a.segmentPeople(ctx, numbers)
		return PageOf(items, next, int64(all.GetCardinality())), err
	}, summary("Who is in exactly some of the compared segments"))
}

// registerSegmentLive: what a builder asks while a segment is being written.
func registerSegmentLive(a *API) {
	type estimate struct {
		Body struct {
			Condition conditionIn `json:"condition"`
		}
	}
	post(a, "/api/v1/segments/estimate", "estimate_segment", staff.SegmentsRead, func(ctx context.Context, in *estimate) (segmentEstimate, error) {
		c, err := in.Body.Condition.parse()
		if err != nil {
			return segmentEstimate{}, err
		}
		e, err := a.Services.Segments.Estimate(ctx, *c, 8)
		if err != nil {
			return segmentEstimate{}, err
		}
		sample, err := a.segmentPeople(ctx, e.Sample)
		return segmentEstimate{e, sample}, err
	}, summary("How many people meet a condition now, and a few of them"))

	type overlap struct {
		IDs []string `query:"ids" minItems:"2" maxItems:"12" required:"true" doc:"Segments, separated by commas"`
	}
	get(a, "/api/v1/segments/overlap", "get_segment_overlap", staff.SegmentsRead, func(ctx context.Context, in *overlap) (segmentOverlaps, error) {
		sizes, shared, err := a.Services.Segments.Overlaps(ctx, in.IDs)
		return segmentOverlaps{sizes, shared}, err
	}, summary("How many people segments have, and share"))

	type words struct {
		Column string `query:"column" required:"true" enum:"fact,product,category,channel,campaign,strategy,detail,gender,province,city,source,store,owner,level"`
		Q      string `query:"q" maxLength:"100" doc:"Part of the value"`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	}
	get(a, "/api/v1/segments/words", "list_segment_words", staff.SegmentsRead, func(ctx context.Context, in *words) (Page[audience.Word], error) {
		items, err := a.Services.Segments.Words(ctx, in.Column, in.Q, in.Limit)
		return PageOf(items, "", -1), err
	}, summary("Values that conditions may name, the most frequent first"))

	type ofFact struct {
		Fact string `query:"fact" required:"true" maxLength:"200"`
	}
	get(a, "/api/v1/segments/properties", "list_fact_properties", staff.SegmentsRead, func(ctx context.Context, in *ofFact) (Page[audience.PropertyName], error) {
		items, err := a.Services.Segments.Properties(ctx, in.Fact)
		return PageOf(items, "", -1), err
	}, summary("Properties that facts of a name have, the most frequent first, as far as some of the facts show"))
	type ofProperty struct {
		Fact     string `query:"fact" required:"true" maxLength:"200"`
		Property string `query:"property" required:"true" maxLength:"200"`
		Q        string `query:"q" maxLength:"100" doc:"Part of the value"`
		Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	}
	get(a, "/api/v1/segments/properties/values", "list_fact_property_values", staff.SegmentsRead, func(ctx context.Context, in *ofProperty) (Page[audience.Word], error) {
		items, err := a.Services.Segments.PropertyValues(ctx, in.Fact, in.Property, in.Q, in.Limit)
		items = slices.DeleteFunc(items, func(w audience.Word) bool { return !collect.Harmless(in.Property, w.Text) })
		return PageOf(items, "", -1), err
	}, summary("What a property of facts says, the most frequent first; what may describe a person is left out"))

	post(a, "/api/v1/segments/refresh", "refresh_segments", staff.SegmentsWrite, func(ctx context.Context, _ *struct{}) (audience.Report, error) {
		return a.Services.Segments.RefreshNow(ctx)
	}, summary("Compute all layers and segments again, now"))
}

func (a *API) createSegment(ctx context.Context, in newSegmentIn) (audience.Segment, error) {
	d, err := in.draft()
	if err != nil {
		return audience.Segment{}, err
	}
	by := auth.From(ctx).ID
	switch {
	case in.Kind != audience.Static:
		if in.Customers != nil {
			return audience.Segment{}, errs.New(errs.Invalid, "segment.kind", "customers make a static list").At("customers")
		}
		return a.Services.Segments.Create(ctx, d, by)
	case in.Customers == nil:
		return a.Services.Segments.Freeze(ctx, d, by)
	case d.Condition != nil:
		return audience.Segment{}, errs.New(errs.Invalid, "segment.kind", "either a condition or customers").At("condition")
	}
	people := roaring.New()
	for i, id := range in.Customers {
		c, err := customer.Get(ctx, a.Services.Segments.Store(), id)
		if err != nil {
			if errs.Is(err, errs.NotFound) {
				err = errs.New(errs.Invalid, "customer.not_found", "there is no customer %s", id).At("customers[" + strconv.Itoa(i) + "]")
			}
			return audience.Segment{}, err
		}
		people.Add(c.Number)
	}
	return a.Services.Segments.CreateStatic(ctx, d, people, by)
}

// exportBatch is how many people of an export are looked up at a time.
const exportBatch = 2000

func (a *API) exportSegment(w http.ResponseWriter, r *http.Request) error {
	seg, err := a.Services.Segments.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	people, err := a.Services.Segments.Resolve(r.Context(), "segment", seg.ID)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+seg.ID+`.csv"`)
	if _, err := w.Write([]byte("\ufeff")); err != nil { // spreadsheets then read it as UTF-8
		return err
	}
	out := csv.NewWriter(w)
	if err := a.writePeople(r.Context(), out, people); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func (a *API) writePeople(ctx context.Context, w *csv.Writer, people *roaring.Bitmap) error {
	if err := w.Write([]string{"id", "code", "name", "phone", "email", "province", "city", "registered_at", "orders", "spent_fen", "last_order_at"}); err != nil {
		return err
	}
	next := ""
	for {
		numbers, after, err := pageOfPeople(people, next, exportBatch)
		if err != nil {
			return err
		}
		customers, err := customer.ByNumbers(ctx, a.Services.Segments.Store(), numbers)
		if err != nil {
			return err
		}
		for _, c := range customers {
			if c.Erased {
				continue
			}
			row := []string{c.ID, c.Code, c.Name, c.Phone, c.Email, c.Province, c.City, stamp(c.RegisteredAt), strconv.FormatInt(c.Orders, 10), strconv.FormatInt(c.SpentFen, 10), stamp(c.LastOrderAt)}
			for i := range row {
				row[i] = harmless(row[i])
			}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		if after == "" {
			return nil
		}
		next = after
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// harmless keeps a spreadsheet from taking a customer's words for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
